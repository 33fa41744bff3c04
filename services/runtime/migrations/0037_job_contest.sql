-- Jobs by contest, so that people who are bound to a contest see its jobs.

-- The one contest that all works of the job belong to; null where they belong to several.
alter table bulk_jobs add column contest text;

update bulk_jobs j set contest = (
    select case when count(distinct s.contest) = 1 then min(s.contest) end
    from bulk_items i join submissions s on s.id = i.submission where i.job = j.id);

-- Counting how many works of a job stand where reads this index alone.
create index bulk_items_by_state on bulk_items (job, state);
