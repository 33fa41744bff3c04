-- Films that gave way to another one of the same work, with what was decided about them. The files themselves are deleted.

create table former_films (
    -- The work.
    submission  uuid not null references submissions on delete cascade,
    -- The last run of this film.
    run         integer not null,
    -- The upload that it came by. No reference: its row may be gone.
    upload      uuid,
    -- Its size in bytes and its SHA-256, as verified.
    bytes       bigint,
    sha256      bytea,
    -- Where the work stood with it: `pipeline::submission::State`, a rejection with its reason.
    state       jsonb not null,
    -- `pipeline::media_info::MediaInfo`; null where it was not probed.
    media_info  jsonb,
    -- `pipeline::screening::Verdict`; null where it was not screened.
    verdict     jsonb,
    -- When the other film was whole.
    replaced_at timestamptz not null,
    primary key (submission, run)
);
