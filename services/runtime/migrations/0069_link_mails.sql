-- New links to entries that were asked for by mail. The new key waits here; it takes the place of the entry's key when the mailed link is
-- first used, so asking for a mail ends no link.
create table link_mails (
    id bigint generated always as identity primary key,
    submission uuid not null references submissions on delete cascade,
    token_sha256 bytea not null check (length(token_sha256) = 32),
    lang text not null,
    key_id text,
    nonce bytea,
    ciphertext bytea,
    tries integer not null default 0,
    due_at timestamptz,
    expires_at timestamptz not null,
    created_at timestamptz not null default clock_timestamp()
);
create index link_mails_submission on link_mails (submission);
create index link_mails_due_at on link_mails (due_at) where due_at is not null;
create index link_mails_expires_at on link_mails (expires_at);
comment on table link_mails is 'New links to entries that were asked for by mail; deleted when one is used or the time is over';
comment on column link_mails.submission is 'The entry';
comment on column link_mails.token_sha256 is 'SHA-256 of the key in the link';
comment on column link_mails.lang is 'Language of the mail, zh or en';
comment on column link_mails.key_id is 'Key of PERSONAL_DATA_KEYS that sealed the key in the link; null once the mail was sent or given up';
comment on column link_mails.nonce is 'Nonce of the sealing; null as above';
comment on column link_mails.ciphertext is 'The key in the link, sealed, so that each try sends the same; null as above';
comment on column link_mails.tries is 'How often sending it was begun';
comment on column link_mails.due_at is 'When it is sent or tried again; null: there is nothing more to send';
comment on column link_mails.expires_at is 'Until when the link can be used, and the mail counts among those of the entry';
comment on column link_mails.created_at is 'When it was asked for';
