-- no-transaction
-- What parts made that may go once its time is over. Screening's verdicts and deliveries' receipts stay.
create index concurrently if not exists parts_with_output
    on parts (finished_at) where status = 'done' and output is not null and stage in ('probe', 'transcode', 'assemble');
