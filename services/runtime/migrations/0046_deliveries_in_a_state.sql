-- no-transaction
-- Works with a delivery in some state, newest first.
create index concurrently if not exists deliveries_in_state
    on deliveries (state, submission);
