-- What watchers ask of the whole installation.

-- What making an entry's files takes, estimated from its plan, so that the backlog can be summed up without reading plans.
create table estimates (
    submission   uuid primary key references submissions on delete cascade,
    -- The run that the plan is of.
    run          integer not null,
    -- Seconds of one core for probe, transcode and assemble.
    work_s       double precision not null
);

-- Figures of the whole installation. One process takes them every few seconds, every process tells them.
create table samples (
    -- Which figures, such as `installation`.
    name         text primary key,
    taken_at     timestamptz not null,
    -- `runtime::store::watch::Sample`.
    body         jsonb not null
);

-- With the time, so that counts and ages come from the index alone.
create index deliveries_standing on deliveries (partner, state, updated_at);
drop index deliveries_by_state;
create index deliveries_to_take_back on deliveries (recall_due) where recall_due is not null;
