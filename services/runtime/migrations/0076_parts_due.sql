-- no-transaction
-- How many parts of a stage may be claimed, and since when the first of them.
create index concurrently if not exists parts_due
    on parts (stage, not_before) where status = 'pending';
