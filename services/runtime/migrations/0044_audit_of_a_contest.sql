-- no-transaction
-- Acts on the works of one contest, newest first.
create index concurrently if not exists audit_of_contest
    on audit (contest, seq) where contest is not null;
