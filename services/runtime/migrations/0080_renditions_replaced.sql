-- no-transaction
-- Renditions that are not in force, work by work.
create index concurrently if not exists renditions_not_in_force
    on renditions (submission) where not in_force;
