-- no-transaction
-- Lists of one theme, newest first.
create index concurrently if not exists submissions_of_theme
    on submissions (theme, id);
