-- Works that partners pull from a feed, and which bytes of which file they have fetched.

-- One row a work that is, or was, in a partner's feed.
create table feed_items (
    -- Order of the feed, newest first, and the cursor of its pages.
    id           bigint generated always as identity primary key,
    partner      text not null,
    submission   uuid not null references submissions on delete cascade,
    run          integer not null,
    -- The submit call that put it there, for reading it back.
    intent       uuid not null,
    -- Texts and files as the publish service wrote them for the feed.
    content      jsonb not null,
    created_at   timestamptz not null default now(),
    -- When it was taken out. A row that is out is listed nowhere, and none of its links works.
    removed_at   timestamptz,
    unique (partner, submission, run)
);
create index feed_items_in on feed_items (partner, id desc) where removed_at is null;

-- What a partner fetched. A row is there before the first byte leaves, so no row means that nothing ever left.
create table feed_pulls (
    item         bigint not null references feed_items on delete cascade,
    -- The file's name in the item.
    file         text not null,
    -- Its whole size in bytes.
    bytes        bigint not null,
    -- The bytes that were handed over, as ranges [from, to).
    covered      int8multirange not null default '{}',
    begun_at     timestamptz not null default now(),
    -- When the last missing byte was handed over; null while some are missing.
    complete_at  timestamptz,
    primary key (item, file)
);
