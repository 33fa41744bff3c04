-- What one submission may keep in the object store before its film is whole, and an end for uploads that cannot be finished.

alter table uploads
    -- Whether the object store may have bytes of it that no finished film needs: unfinished, a finished piece, or given up and not
    -- freed yet. These rows count towards the budget of a submission and the high-water mark of the installation.
    add column held   boolean not null generated always as (
        state in ('open', 'assembling') or (state = 'finished' and kind = 'partial') or free_at is not null) stored,
    -- Tries of finishing it, or of freeing what it put, that ended without a result, whatever the cause. The wait before the next
    -- try grows with it.
    add column tries  integer not null default 0,
    -- Of the tries of finishing it, those that failed while database and object store answered. Their number is bounded.
    add column faults integer not null default 0,
    -- When the next try of finishing it is due, by the database's clock; null: now.
    add column try_at timestamptz,
    -- Why it failed: `damaged`, the object store gave back other bytes; `join_failed`, a piece is gone; `store_failed`, the object
    -- store refused to make the object each time. Null in other states.
    add column failure text;

create index uploads_held on uploads (submission) where held;

-- What is given up keeps its id and state, so that its client learns of it, and nothing of what the client sent.
update uploads set metadata = '', filename = null, declared_sha256 = null, pieces = null
where state in ('expired', 'terminated', 'failed');
