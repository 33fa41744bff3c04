-- Bulk work: new runs of many works, started a few at a time, below new entries.

create table bulk_jobs (
    id               uuid primary key,
    -- Who asked for it, as in the audit trail: kind of person, name, and why.
    actor            text not null,
    name             text not null,
    reason           text,
    -- Which works, as it was asked: a selection (`pipeline::selection`), or ids.
    selection        text not null,
    -- Stage at which each run begins.
    from_stage       text not null,
    -- Partners that the runs publish to; null: all of each work's.
    partners         text[],
    -- Partners whose file makes room for the new one; the others keep what they hold.
    replace          text[] not null default '{}',
    -- running: its works are started; paused: none are, until resumed; cancelled: none will be; done: nothing is left of it.
    -- What a work has begun ends by itself, whatever becomes of the job.
    state            text not null default 'running' check (state in ('running', 'paused', 'cancelled', 'done')),
    -- `parts.rank` of what its works do: above 0 goes after new entries.
    rank             integer not null,
    -- When one of its works was started last: jobs take turns.
    last_started_at  timestamptz,
    created_at       timestamptz not null default clock_timestamp(),
    changed_at       timestamptz not null default clock_timestamp()
);
create index bulk_jobs_live on bulk_jobs (last_started_at nulls first, created_at) where state = 'running';

create table bulk_items (
    job          uuid not null references bulk_jobs on delete cascade,
    submission   uuid not null references submissions on delete cascade,
    -- waiting: to be started; started: its run is under way; done: its run came through, to the end or to a gate that a person
    -- opens; failed: its run was refused; skipped: nothing was begun; cancelled: its job was, before it began, or its run was
    -- overtaken.
    state        text not null check (state in ('waiting', 'started', 'done', 'failed', 'skipped', 'cancelled')),
    -- The run that it started.
    run          integer,
    -- Stable word for why it is not simply done, such as `in_another_job`, and what that is about.
    why          text,
    detail       text,
    changed_at   timestamptz not null default clock_timestamp(),
    primary key (job, submission)
);
create index bulk_items_to_start on bulk_items (job, submission) where state = 'waiting';
create index bulk_items_under_way on bulk_items (submission, run) where state = 'started';
-- A work is in one job at a time.
create unique index bulk_items_open on bulk_items (submission) where state in ('waiting', 'started');
-- Which rank a run's parts have.
create index bulk_items_run on bulk_items (submission, run) where run is not null;

-- What runs took, for estimates.
create index parts_measured on parts (stage, finished_at) where status = 'done';
