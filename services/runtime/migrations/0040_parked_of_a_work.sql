-- no-transaction
-- Which works have parked parts, and which: lists, `trouble`, `GET /api/v1/parked`.
-- This migration and those after it build one index each, without a transaction, so that works are taken in while a large database is
-- upgraded. One statement a file: PostgreSQL runs several statements of one message in a transaction, where `concurrently` is refused.
-- An index that was interrupted stays behind as invalid and is never used; `Store::migrate` drops such indexes before it begins, and
-- `if not exists` covers an index that became valid just before the migration could be recorded.
create index concurrently if not exists parts_parked_of
    on parts (submission) where status = 'parked';
