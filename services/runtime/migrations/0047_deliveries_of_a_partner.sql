-- no-transaction
-- Works with a delivery to a partner, newest first. With a state too, `deliveries_in_state` or this one leads, whichever is shorter.
create index concurrently if not exists deliveries_of_partner
    on deliveries (partner, submission);
