-- no-transaction
-- The same of one contest.
create index concurrently if not exists submissions_with_deliveries_of_contest
    on submissions (contest, id) where has_deliveries;
