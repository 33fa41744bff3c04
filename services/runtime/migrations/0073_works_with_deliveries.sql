-- no-transaction
-- The board of deliveries, newest first.
create index concurrently if not exists submissions_with_deliveries
    on submissions (id) where has_deliveries;
