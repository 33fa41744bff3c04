-- Entry forms that were begun in a browser and not sent yet. A draft becomes a submission under the same id and token, and is deleted then.
create table drafts (
    id uuid primary key,
    contest text not null,
    token_sha256 bytea not null check (length(token_sha256) = 32),
    key_id text not null,
    nonce bytea not null,
    ciphertext bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
);
create index drafts_updated_at on drafts (updated_at);
comment on table drafts is 'Entry forms that were begun in a browser and not sent yet; deleted when they are sent, or by drafts_days of retention.toml';
comment on column drafts.id is 'The id that the submission will have';
comment on column drafts.contest is 'Id of the contest that the form is of';
comment on column drafts.token_sha256 is 'SHA-256 of the token that the browser holds in a cookie, and that the submission will have';
comment on column drafts.key_id is 'Key of PERSONAL_DATA_KEYS that sealed the answers';
comment on column drafts.nonce is 'Nonce of the sealing, 24 bytes';
comment on column drafts.ciphertext is 'Answers by field as JSON, sealed: they name people';
comment on column drafts.created_at is 'When the form was begun';
comment on column drafts.updated_at is 'When it was last changed; its time runs from here';
