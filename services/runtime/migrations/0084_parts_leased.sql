-- no-transaction
-- Its place was taken by parts_claimed.
drop index concurrently if exists parts_leased;
