-- no-transaction
-- Lists of one contest, newest first: ids are in order of time.
create index concurrently if not exists submissions_of_contest
    on submissions (contest, id);
