-- How staff sign in to the console: what they prove themselves by, how they get it, and which sessions they have.

create table sign_in_factors (
    -- One row for a person who has accepted an invitation; deleted when the person is ended.
    person          uuid primary key references persons,
    -- argon2id in PHC form.
    password_hash   text not null,
    -- A sign-in that began with an earlier password cannot be completed.
    password_set_at timestamptz not null default clock_timestamp(),
    -- The secret of the second factor (TOTP, RFC 6238: SHA-1, 6 digits, 30 s), 20 bytes, sealed for the place `totp:<person>`.
    totp_key_id     text not null,
    totp_nonce      bytea not null,
    totp_ciphertext bytea not null,
    totp_set_at     timestamptz not null default clock_timestamp(),
    -- Number of the 30 s step of the last code that was accepted. Only codes of later steps are accepted, so each works once.
    totp_step       bigint
);

create table recovery_codes (
    person      uuid not null references persons,
    -- SHA-256 of the code. A code has 80 random bits, so a slow hash would add nothing.
    code_sha256 bytea not null,
    made_at     timestamptz not null default clock_timestamp(),
    -- When it was used instead of a code of the second factor. Each is used once.
    used_at     timestamptz,
    primary key (person, code_sha256)
);

create table invitations (
    id              uuid primary key,
    -- SHA-256 of the 256 random bits in the link.
    secret_sha256   bytea not null unique,
    -- Who is to sign in.
    person          uuid not null references persons,
    -- `invite`: they set their password and second factor for the first time. `reset`: they set them again.
    purpose         text not null check (purpose in ('invite', 'reset')),
    -- Who made it, as the audit trail names them.
    made_by         text not null,
    created_at      timestamptz not null default clock_timestamp(),
    -- 72 hours after it was made; now, when a newer one replaces it or the person is ended.
    expires_at      timestamptz not null,
    -- When the second factor was confirmed. Until then the link may be opened again.
    used_at         timestamptz,
    -- The password and second factor that were chosen and not confirmed yet, as in sign_in_factors. The confirmation moves them there.
    password_hash   text,
    totp_key_id     text,
    totp_nonce      bytea,
    totp_ciphertext bytea
);
create index invitations_of on invitations (person);

create table sessions (
    id            uuid primary key,
    -- SHA-256 of the 256 random bits in the cookie.
    secret_sha256 bytea not null unique,
    -- Whose it is. It is valid only while this person is not ended.
    person        uuid not null references persons,
    -- It ends 12 hours after this.
    created_at    timestamptz not null default clock_timestamp(),
    -- The last request, exact to a minute. It ends 30 minutes after this.
    seen_at       timestamptz not null default clock_timestamp(),
    -- The second factor that was shown beside the password: `totp` or `recovery_code`.
    factors       text not null check (factors in ('totp', 'recovery_code')),
    -- Browser and system in a few words, by which the person recognises it.
    agent         text,
    -- Pseudonym of the client's address, as the log has it.
    address       text,
    -- When it was ended before its time. A session that expired has none.
    ended_at      timestamptz,
    -- `signed_out`, `ended`, `password_changed`, `reset` or `person_ended`.
    ended_why     text
);
create index sessions_of on sessions (person) where ended_at is null;
create index sessions_by_age on sessions (created_at);

create table sign_in_failures (
    -- Keyed hash of the login name that was given, whether or not a person has it, so that both are slowed down alike.
    name_hmac bytea primary key,
    -- Attempts that did not succeed, including those in progress. Deleted by a complete sign-in; a day later they count no longer.
    failures  int not null,
    failed_at timestamptz not null default clock_timestamp(),
    -- Until then no attempt is looked at; null: none has to wait.
    wait_until timestamptz
);
create index sign_in_failures_by_age on sign_in_failures (failed_at);
