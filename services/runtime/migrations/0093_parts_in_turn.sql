-- no-transaction
-- New entries' parts by contest: the next contest that has one, and its oldest.
create index concurrently if not exists parts_in_turn
    on parts (stage, contest, created_at, effort_ms desc) where status = 'pending' and rank = 0;
