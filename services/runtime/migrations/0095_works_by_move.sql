-- no-transaction
-- Works in a state, the one that came into it first at first. It takes the place of submissions_by_state, whose updated_at changes with every
-- part that ends: each such update wrote a new entry into all indexes of the row.
create index concurrently if not exists submissions_by_move
    on submissions (state, moved_at nulls first);
