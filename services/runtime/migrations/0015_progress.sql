-- How far the machines' work on an entry is, as it was told last; a row appears when somebody works on it for more than a moment.
create table progress (
    submission   uuid primary key references submissions on delete cascade,
    -- The run that it is about.
    run          integer not null,
    -- Share of the work that is done, 0 to 1. Never falls within a run, though a part that fails begins again.
    done         double precision not null,
    -- Seconds that the rest takes on the machines; null where nothing can be said.
    remaining_s  double precision,
    -- When it was looked at last; nobody looks again before some seconds have passed.
    at           timestamptz not null
);
