-- What people did: the audit trail, the tokens of organisers, and the answers that a repeated request gets again.

-- Every act of a person, in the same transaction as the act. A chain: each row's hash covers the row and the hash before it.
-- Rows are added and never changed; who switches the triggers off is found by `reelmill audit verify`.
create table audit (
    -- 1, 2, 3 … without gaps: the next one is taken under the lock of `audit_head`.
    seq         bigint primary key,
    at          timestamptz not null,
    -- Kind of person: `entrant`, `screener`, `organiser`, `operator`, `auditor`.
    actor       text not null,
    -- Who: the token's name, or the login name of whoever used the command line. Never an entrant's name.
    name        text not null,
    -- Stable name of what was done, such as `review_accepted`, `released`, `token_created`.
    act         text not null,
    -- What it was done to; no reference, since the trail outlives it.
    submission  uuid,
    contest     text,
    partner     text,
    -- Why, in that person's words.
    reason      text,
    -- What changed, as text that is hashed as it stands (`json` keeps it, `jsonb` would not). No personal data.
    before      json not null,
    after       json not null,
    -- The hash of the row before; 32 zero bytes for the first.
    prev_hash   bytea not null,
    -- SHA-256 over all of the above.
    hash        bytea not null
);
create index audit_of on audit (submission, seq) where submission is not null;

-- The last row once more. Its lock orders the acts; a cut-off tail does not fit to it.
create table audit_head (
    one         boolean primary key default true check (one),
    seq         bigint not null,
    hash        bytea not null
);
insert into audit_head (seq, hash) values (0, '\x0000000000000000000000000000000000000000000000000000000000000000');

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the audit trail is append-only';
end
$$;
create trigger audit_rows_stay before update or delete on audit
    for each row execute function audit_is_append_only();
create trigger audit_stays before truncate on audit
    for each statement execute function audit_is_append_only();

create function audit_head_steps() returns trigger language plpgsql as $$
begin
    if new.seq <> old.seq + 1 then
        raise exception 'the audit trail is append-only';
    end if;
    return new;
end
$$;
create trigger audit_head_goes_on before update on audit_head
    for each row execute function audit_head_steps();
create trigger audit_head_stays before delete on audit_head
    for each row execute function audit_is_append_only();
create trigger audit_head_is_not_emptied before truncate on audit_head
    for each statement execute function audit_is_append_only();

-- Bearer tokens of people who are not entrants. `rm_<id>_<secret>`; the secret is told once and never stored.
create table tokens (
    id           uuid primary key,
    -- `screener`, `organiser`, `operator` or `auditor`.
    role         text not null,
    -- Whose it is; shown in the audit trail.
    name         text not null,
    -- Only this contest; null: all.
    contest      text,
    -- argon2id in PHC form.
    secret_hash  text not null,
    -- First four bytes of the secret's SHA-256: turns away made-up secrets without the price of argon2.
    secret_check bytea not null,
    created_at   timestamptz not null default now(),
    -- By the database's clock.
    expires_at   timestamptz not null,
    revoked_at   timestamptz
);

-- Answers of changing requests that carried an Idempotency-Key. Written in the transaction of what the request did.
create table idempotency (
    -- SHA-256 over the principal and the key; the key itself is not stored.
    lookup       bytea primary key,
    -- SHA-256 over key, method, path and body: the same key with another request is a mistake.
    fingerprint  bytea not null,
    -- Status and body, sealed with a key that is made from the Idempotency-Key: an answer may carry a token. Null while the
    -- request's transaction runs, which nobody else can see.
    nonce        bytea,
    answer       bytea,
    created_at   timestamptz not null default now()
);
create index idempotency_by_age on idempotency (created_at);
