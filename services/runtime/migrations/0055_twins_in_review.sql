-- no-transaction
-- The queue of works that resemble another one and wait for a reviewer, oldest first.
create index concurrently if not exists submissions_twins_in_review
    on submissions (id) where state = 'awaiting_review' and verdict @> '{"rules": [{"rule": "duplicate", "outcome": "warn"}]}';
