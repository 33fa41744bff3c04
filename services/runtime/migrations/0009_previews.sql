-- What organisers look at before they decide on a work: made by its last probe that made one.
create table previews (
    submission   uuid primary key references submissions on delete cascade,
    -- The run whose probe it was.
    run          integer not null,
    -- `outcome::StoredPreview`: the small film, the storyboard's sheet and its cues, each with key, bytes and sha256.
    files        jsonb not null,
    created_at   timestamptz not null default clock_timestamp()
);
