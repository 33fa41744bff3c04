-- no-transaction
-- The queue of works with a warning that wait for a reviewer, oldest first.
create index concurrently if not exists submissions_warnings_in_review
    on submissions (id) where state = 'awaiting_review' and verdict @> '{"rules": [{"outcome": "warn"}]}';
