-- tus uploads. The row is the truth about an offset; a process that dies loses nothing that a client was told.

create table uploads (
    id                 uuid primary key,
    -- The submission whose mezzanine this becomes.
    submission         uuid not null references submissions on delete cascade,
    -- Whole length in bytes; null while deferred.
    length             bigint,
    -- Bytes that are durable: sum of the parts and the tail. The only offset that a client is ever told.
    "offset"           bigint not null default 0,
    -- `open`, `finished` (object is whole), `expired`, `terminated`, `failed`.
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
    expires_at         timestamptz not null,
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now()
);
create sequence upload_fences as bigint;
create index uploads_expiring on uploads (expires_at) where state in ('open', 'failed');
create index uploads_of on uploads (submission);

-- Whole parts of a multipart upload.
create table upload_parts (
    upload    uuid not null references uploads on delete cascade,
    number    integer not null,
    etag      text not null,
    bytes     bigint not null,
    primary key (upload, number)
);
