-- Handing over: what a delivery needs beside its state, every word that was exchanged with a partner, partners' accounts.

alter table deliveries
    -- What the adapter needs to go on after a crash, such as an upload's token and the parts that the partner has. Sealed.
    add column session_key_id text,
    add column session_nonce  bytea,
    add column session        bytea,
    -- Title, text and tags that an organiser wrote for this partner; null where the entry's own serve.
    add column texts          jsonb,
    -- Until when a recall has to be proven.
    add column recall_due     timestamptz,
    add column recall_reason  text;

-- A mezzanine that must not be deleted, whatever becomes of its submission.
alter table submissions
    add column held_at        timestamptz,
    add column held_reason    text;

-- Every request to a partner and its answer, secrets cut out. Written before the request; one that has no answer was cut off.
create table exchanges (
    id           bigint generated always as identity primary key,
    -- Null for what concerns the account and no work, such as a token's renewal.
    submission   uuid references submissions on delete cascade,
    partner      text not null,
    -- The try that it belongs to.
    intent       uuid,
    -- Stable name of the step, such as `archive.add`.
    step         text not null,
    request      jsonb not null,
    -- `open`, `answered`, `not_sent` (certainly nothing happened there), `lost` (something may have).
    outcome      text not null default 'open',
    answer       jsonb,
    at           timestamptz not null default clock_timestamp(),
    answered_at  timestamptz
);
create index exchanges_of on exchanges (submission, partner, id);

-- One row a partner and account: how fast we may call, whether we should, and with which credentials.
create table partner_accounts (
    partner       text not null,
    account       text not null,
    -- Rate budget (generic cell rate algorithm): when the bucket would be empty again.
    tat           timestamptz not null default now(),
    -- Circuit breaker: failures in a row, and until when no call is made.
    failures      integer not null default 0,
    open_until    timestamptz,
    -- Sealed, the adapter's own form.
    key_id        text,
    nonce         bytea,
    credentials   bytea,
    -- When the credentials end; null where they do not or where that is not known.
    expires_at    timestamptz,
    -- `unknown`, `valid`, `refused`: as the partner said last.
    health        text not null default 'unknown',
    health_words  text,
    health_at     timestamptz,
    updated_at    timestamptz not null default now(),
    primary key (partner, account)
);

-- What a person saw at a partner, for the record: a work that is live, a work that is gone.
create table proofs (
    id            uuid primary key,
    submission    uuid not null references submissions on delete cascade,
    partner       text not null,
    -- `live` or `gone`.
    shows         text not null,
    -- When it was seen, as the person said.
    seen_at       timestamptz not null,
    public_url    text,
    words         text,
    -- Screenshot or the like in our bucket.
    file_key      text,
    file_bytes    bigint,
    file_sha256   bytea,
    -- What the public address answered us.
    probe         jsonb,
    by_whom       text not null,
    at            timestamptz not null default clock_timestamp()
);
create index proofs_of on proofs (submission, partner);
