-- no-transaction
-- Claimed parts, which are as many as there are workers. Whether a lease has run out is read from the row: with the end of the lease in the
-- index, each renewal wrote a new index entry, and PostgreSQL could not keep the new version of the row beside the old one.
create index concurrently if not exists parts_claimed
    on parts (stage) where status = 'claimed';
