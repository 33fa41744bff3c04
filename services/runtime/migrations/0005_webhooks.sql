-- Webhooks out: who wants to hear of changes, what waits to be told them, and every attempt to tell.

create table webhook_endpoints (
    id                uuid primary key,
    -- The address's host, for people. The whole address may hold a token, so it is sealed with the secrets.
    host              text not null,
    -- Event types that it gets, such as `submission.changed`; all of them if empty.
    types             text[] not null default '{}',
    -- Only entries of this contest; null: of every contest.
    contest           text,
    -- `enabled`; `gone`: it answered 410; `removed`: by a person.
    state             text not null default 'enabled',
    -- Address and secrets (`publish::webhooks::target::Target`), sealed for `webhook:<id>`. Empty once removed.
    key_id            text not null,
    nonce             bytea not null,
    ciphertext        bytea not null,
    -- Calls in a row that it did not answer, or answered with "not now"; and until when it is left alone for that.
    failures          integer not null default 0,
    quiet_until       timestamptz not null default now(),
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now()
);

-- One row an endpoint and event. Written in the transaction of the change that it tells of.
create table webhook_messages (
    -- What the receiver sees as `webhook-id`, the same at every attempt.
    id                uuid primary key default gen_random_uuid(),
    -- Order of writing; what is told of one submission may still arrive in any order.
    seq               bigint generated always as identity,
    endpoint          uuid not null references webhook_endpoints,
    type              text not null,
    -- Null for tests of an endpoint.
    submission        uuid,
    -- The payload to the byte, since it is signed. Ids and states only.
    body              text not null,
    -- `pending`; `delivered`: answered with 2xx; `failed`: given up after the last attempt; `cancelled`: the endpoint went away;
    -- `dropped`: the endpoint's queue was full. All but `delivered` can be sent again by a person.
    status            text not null default 'pending',
    -- Attempts that were begun. The fence too: an attempt's end counts only while this is still its number.
    attempt           integer not null default 0,
    -- Attempts before a person last asked to send it again; the schedule starts from there.
    attempts_before   integer not null default 0,
    -- When the next attempt is due; while one runs, when it is taken for dead.
    due               timestamptz not null default clock_timestamp(),
    created_at        timestamptz not null default clock_timestamp(),
    finished_at       timestamptz
);
create index webhook_messages_due on webhook_messages (endpoint, due) where status = 'pending';
create index webhook_messages_of on webhook_messages (endpoint, seq);
create index webhook_messages_old on webhook_messages (finished_at) where status <> 'pending';

-- The delivery log. A row is written before its call; one without an end was cut off.
create table webhook_attempts (
    message           uuid not null references webhook_messages on delete cascade,
    attempt           integer not null,
    at                timestamptz not null default clock_timestamp(),
    -- HTTP status; null without an answer.
    status            integer,
    -- Why there is no answer.
    error             text,
    elapsed_ms        integer,
    -- Beginning of the answer, secrets cut out.
    answer            text,
    primary key (message, attempt)
);
