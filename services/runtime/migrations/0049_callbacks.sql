-- no-transaction
-- A partner's callback names the work by its receipt.
create index concurrently if not exists deliveries_of_receipt
    on deliveries (partner, (machine #>> '{observed,receipt}')) where machine #>> '{observed,receipt}' is not null;
