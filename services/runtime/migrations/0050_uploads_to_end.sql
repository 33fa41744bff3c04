-- no-transaction
-- Uploads that expire, or whose work takes none any more. Finished films, which are nearly all, are not among them.
create index concurrently if not exists uploads_to_end
    on uploads (submission) where state = 'open' or (state = 'finished' and kind = 'partial');
