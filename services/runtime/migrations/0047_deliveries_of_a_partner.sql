-- no-transaction
-- Works with a delivery to a partner, newest first.
create index concurrently if not exists deliveries_of_partner
    on deliveries (partner, submission);
