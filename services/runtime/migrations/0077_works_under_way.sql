-- no-transaction
-- How many works of a contest are with a machine or on their way to partners.
create index concurrently if not exists submissions_under_way
    on submissions (contest) where state in ('probe', 'screen', 'transcode', 'assemble', 'publish');
