-- no-transaction
-- Records of uploads that were given up and whose bytes are gone, by the end of their time.
create index concurrently if not exists uploads_given_up
    on uploads (updated_at) where state in ('expired', 'terminated', 'failed') and free_at is null;
