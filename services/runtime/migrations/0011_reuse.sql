-- No work twice: finished files are found by what determines them.

alter table renditions
    -- Its address: SHA-256 over the requests that make it, the source's digest and the engine. Equal addresses are equal files.
    -- Null for what was made before there were addresses.
    add column artefact bytea,
    -- Whose file it is a copy of, where it was not made; perhaps another entry's with the same source, which may be gone by now.
    add column reused_submission uuid,
    add column reused_run integer;
create index renditions_by_artefact on renditions (artefact, created_at) where artefact is not null;

-- How each rendition of a run under way is come by. Decided once, before anything is encoded, and the same for all of the run's
-- parts, which so never wait for each other nor for something that nobody makes.
create table choices (
    submission   uuid not null references submissions on delete cascade,
    run          integer not null,
    -- The rendition's name in the plan.
    name         text not null,
    -- Its address.
    artefact     bytea not null,
    -- `runtime::outcome::StoredRendition`: a finished file whose objects were copied under this run's own keys. Null where the
    -- rendition is to be made.
    rendition    jsonb,
    primary key (submission, run, name)
);
