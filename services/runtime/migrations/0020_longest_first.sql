-- How many frames of picture a part makes, 0 where that says nothing. Of one entry's parts the longest is claimed first: what is begun
-- last, and everything waits for, is then short.
alter table parts add column frames bigint not null default 0;
drop index parts_to_claim;
create index parts_to_claim on parts (stage, rank, created_at, frames desc) where status = 'pending';
