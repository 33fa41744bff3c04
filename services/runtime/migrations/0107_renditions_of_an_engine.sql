-- no-transaction
-- Works whose renditions one engine made, and which engines there are.
create index concurrently if not exists renditions_of_engine on renditions (engine, submission) where in_force;
