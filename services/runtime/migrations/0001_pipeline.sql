-- Submissions, their parts, and what the parts produced. Postgres is the truth; every queue may be deleted.

create table submissions (
    id                 uuid primary key,
    contest            text not null,
    -- The state machine as `pipeline::submission::Submission` (run, state, gates, work). Only `advance` changes it.
    machine            jsonb not null,
    -- The state's name and the run, copied out of `machine` for filters and indexes, in the same statement.
    state              text not null,
    run                integer not null,
    title              text not null,
    theme              text not null,
    synopsis           text not null,
    recommending_unit  text not null,
    -- Originality, rights and AI use as declared by the entrant.
    declarations       jsonb not null,
    -- SHA-256 of the entrant's token; the token itself is told once and never stored.
    token_sha256       bytea not null,
    -- The upload that became the mezzanine; null until its bytes are whole.
    mezzanine_upload   uuid,
    mezzanine_bytes    bigint,
    mezzanine_sha256   bytea,
    -- What the client said its file's digest is (tus metadata `sha256`); the probe compares.
    declared_sha256    bytea,
    -- `pipeline::media_info::MediaInfo` of the current run.
    media_info         jsonb,
    -- `pipeline::screening::Verdict` of the current run.
    verdict            jsonb,
    -- `pipeline::rendition::Plan` of the current run.
    plan               jsonb,
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now()
);
create index submissions_by_state on submissions (state, updated_at);

-- Personal data, encrypted per entrant (XChaCha20-Poly1305, submission id as associated data). The only table that has any.
create table entrants (
    submission   uuid primary key references submissions on delete cascade,
    -- Which key of the environment sealed it, so that keys can be changed.
    key_id       text not null,
    nonce        bytea not null,
    ciphertext   bytea not null
);

-- pending: claimable now. waiting: claimable from `not_before` on (back-off, `Later`); the reconciler makes it pending.
-- claimed: somebody holds it. done, cancelled: final. parked: failed too often, an operator may retry it.
create type part_status as enum ('pending', 'waiting', 'claimed', 'done', 'parked', 'cancelled');

-- One row a part of a run: the queue itself. RabbitMQ only says that there is something here.
create table parts (
    submission     uuid not null references submissions on delete cascade,
    run            integer not null,
    stage          text not null,
    -- Text form of `pipeline::part::Part`.
    part           text not null,
    status         part_status not null default 'pending',
    -- Tries that ended in a transient failure. `Later` is not a try.
    attempt        integer not null default 0,
    -- From `part_fences` at each claim; every write of the holder says `where fence = …`.
    fence          bigint,
    -- Database time until which the claim holds without renewal.
    lease_until    timestamptz,
    -- Who holds it: host, process and slot; for people, never for decisions.
    holder         text,
    -- Until when a waiting part waits. Waiting is a status of its own, so that a claim never reads past parts that are not due.
    not_before     timestamptz not null default now(),
    -- Smaller goes first; ties go by age.
    rank           integer not null default 0,
    -- Progress of the current attempt, 0 to 1.
    progress       real not null default 0,
    -- Why the last attempt failed, for an operator.
    last_error     text,
    -- What the part produced, as its stage's output in JSON.
    output         jsonb,
    -- W3C trace context of whoever made the part.
    traceparent    text,
    created_at     timestamptz not null default now(),
    started_at     timestamptz,
    finished_at    timestamptz,
    primary key (submission, run, stage, part)
);
create sequence part_fences as bigint;
create index parts_to_claim on parts (stage, rank, created_at) where status = 'pending';
create index parts_waiting on parts (not_before) where status = 'waiting';
create index parts_leased on parts (lease_until) where status = 'claimed';
create index parts_parked on parts (stage) where status = 'parked';

-- Files of the current and earlier runs that passed QC.
create table renditions (
    submission    uuid not null references submissions on delete cascade,
    run           integer not null,
    name          text not null,
    object_key    text not null,
    bytes         bigint not null,
    sha256        bytea not null,
    cover_key     text,
    cover_bytes   bigint,
    cover_sha256  bytea,
    width         integer not null,
    height        integer not null,
    duration_ms   bigint not null,
    -- Array of `pipeline::rendition::QcCheck`.
    qc            jsonb not null,
    -- Which code made it.
    engine        text not null,
    -- Whether this is what partners get. A run's renditions come into force together, once all of them passed QC.
    in_force      boolean not null default false,
    created_at    timestamptz not null default now(),
    primary key (submission, run, name)
);

-- One row per submission and partner: desired state beside observed state.
create table deliveries (
    submission   uuid not null references submissions on delete cascade,
    partner      text not null,
    -- The state machine as `pipeline::delivery::Delivery`. Only its `apply` changes it.
    machine      jsonb not null,
    -- The observed state's name, copied out for filters and indexes.
    state        text not null,
    -- The run whose renditions were last handed over.
    run          integer not null,
    -- What was handed over and where it lies: files with sizes and digests, public address.
    receipt      jsonb,
    updated_at   timestamptz not null default now(),
    primary key (submission, partner)
);
create index deliveries_by_state on deliveries (partner, state);

-- Everything that happened to a submission, in order, for people.
create table history (
    id           bigint generated always as identity primary key,
    submission   uuid not null references submissions on delete cascade,
    at           timestamptz not null default now(),
    -- `worker`, `entrant`, `operator`, …
    actor        text not null,
    -- Stable name of what happened, such as `part_done`, `rejected`, `released`.
    what         text not null,
    detail       jsonb not null default '{}'
);
create index history_of on history (submission, id);

-- Messages that committed with the change they follow from; the relay sends and deletes them.
create table outbox (
    id           bigint generated always as identity primary key,
    exchange     text not null,
    routing_key  text not null,
    -- CloudEvents type for events; `reelmill.work` for work.
    kind         text not null,
    body         bytea not null,
    headers      jsonb not null default '{}',
    created_at   timestamptz not null default now()
);

-- Wakes the relays at commit. Only when the outbox was empty: a relay at work looks again before it rests, and transactions
-- that notify commit one after the other, which under load would cost the database its group commit.
create function outbox_notify() returns trigger language plpgsql as $$
begin
    if not exists (select from outbox where id < (select min(id) from added)) then
        perform pg_notify('reelmill_outbox', '');
    end if;
    return null;
end
$$;
create trigger outbox_inserted after insert on outbox
    referencing new table as added for each statement execute function outbox_notify();

-- Who did a periodic task last, so that of many services one does it.
create table ticks (
    -- The task, such as `reconcile`.
    name         text primary key,
    -- When it was last begun.
    at           timestamptz not null
);

-- Objects to delete once nobody can still be writing under the prefix.
create table garbage (
    id           bigint generated always as identity primary key,
    -- Objects under this prefix go …
    prefix       text not null,
    -- … except these keys.
    keep         text[] not null default '{}',
    due          timestamptz not null
);
create index garbage_due on garbage (due);
