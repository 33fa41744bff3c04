-- no-transaction
-- Uploads whose file's name is still known, work by work.
create index concurrently if not exists uploads_with_names
    on uploads (submission) where filename is not null or metadata <> '';
