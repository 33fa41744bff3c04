-- no-transaction
-- What a feed shows of a work: asked before its files are deleted, and when the work itself goes.
create index concurrently if not exists feed_items_of on feed_items (submission);
