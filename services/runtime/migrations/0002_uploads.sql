-- tus uploads. The row is the truth about an offset; a process that dies loses nothing that a client was told.

create table uploads (
    id                 uuid primary key,
    -- The submission whose mezzanine this becomes.
    submission         uuid not null references submissions on delete cascade,
    -- Whole length in bytes; null while deferred.
    length             bigint,
    -- Bytes that are durable: sum of the parts and the tail. The only offset that a client is ever told.
    "offset"           bigint not null default 0,
    -- `open`; `assembling`: every byte is durable, the object is being made and read back; `finished`: verified; `expired`,
    -- `terminated` and `failed`: given up, its objects are freed.
    state              text not null default 'open',
    -- `single`, `partial` (a piece of a concatenation) or `final`.
    kind               text not null default 'single',
    -- Pieces of a `final`, in order.
    pieces             uuid[],
    -- `Upload-Metadata` exactly as sent, to echo.
    metadata           text not null default '',
    -- Parsed from the metadata: what the client calls its file (text to show, never a key) and its SHA-256.
    filename           text,
    declared_sha256    bytea,
    -- S3 multipart; null until the first whole part.
    multipart_id       text,
    part_size          bigint not null,
    -- Object with the bytes beyond the last whole part, and how many they are.
    tail_key           text,
    tail_bytes         bigint not null default 0,
    -- Lock: one PATCH at a time, whatever the replica. From `upload_fences`; writes say `where lock_fence = …`.
    lock_fence         bigint,
    lock_until         timestamptz,
    -- Somebody waits for the lock; a holder whose client went silent gives it up.
    lock_wanted_at     timestamptz,
    -- When to delete everything it put; null: nothing to do.
    free_at            timestamptz,
    -- By the service's clock, as the deadline is judged.
    expires_at         timestamptz not null,
    -- When it started, by the service's clock.
    created_at         timestamptz not null,
    updated_at         timestamptz not null default now()
);
create sequence upload_fences as bigint;
create index uploads_open on uploads (expires_at) where state = 'open';
create index uploads_assembling on uploads (updated_at) where state = 'assembling';
create index uploads_to_free on uploads (free_at) where free_at is not null;
create index uploads_of on uploads (submission);

-- Parts that the object store has: of a multipart upload, or the one part of an object that was put whole.
create table upload_parts (
    upload    uuid not null references uploads on delete cascade,
    number    integer not null,
    etag      text not null,
    bytes     bigint not null,
    -- Of the bytes as they were received; compared when the object is read back.
    sha256    bytea not null,
    primary key (upload, number)
);
