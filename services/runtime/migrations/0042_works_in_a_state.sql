-- no-transaction
-- Lists of one state, newest first.
create index concurrently if not exists submissions_in_state
    on submissions (state, id);
