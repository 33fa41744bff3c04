-- no-transaction
-- `trouble`: deliveries that may need a person, the oldest first.
create index concurrently if not exists deliveries_waiting
    on deliveries (state, updated_at) where state in ('unknown', 'sending', 'awaiting_operator', 'refused');
