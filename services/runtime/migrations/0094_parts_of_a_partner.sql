-- no-transaction
-- Deliveries to one partner: those that reserved a call, by its time, and those that are claimable, in the order of claims.
create index concurrently if not exists parts_of_a_partner
    on parts (part, status, call_at, rank, created_at) where stage = 'publish' and (status = 'pending' or call_at is not null);
