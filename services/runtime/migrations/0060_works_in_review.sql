-- no-transaction
-- The screening queue: works that await review, oldest first, of one contest or of all. The planner would otherwise go through the works
-- of a contest from the first one, past all that were decided.
create index concurrently if not exists submissions_in_review
    on submissions (id, contest) where state = 'awaiting_review';
