-- no-transaction
-- Whether an object is garbage already: `fsck` looks up each prefix of its key.
create index concurrently if not exists garbage_of
    on garbage (prefix);
