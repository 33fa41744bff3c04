-- What recommending units hand in: sheets that were looked at, and the works that were entered from their rows.

create table unit_sheets (
    id uuid primary key,
    contest text not null,
    unit text not null,
    key_id text not null,
    nonce bytea not null,
    ciphertext bytea not null,
    created_at timestamptz not null default clock_timestamp()
);
create index unit_sheets_of on unit_sheets (contest, unit, created_at);
create index unit_sheets_by_age on unit_sheets (created_at);
comment on table unit_sheets is 'Sheets that recommending units sent for a dry run; deleted by drafts_days of retention.toml';
comment on column unit_sheets.id is 'UUID v7; stands in the address of the dry run';
comment on column unit_sheets.contest is 'Contest of the unit';
comment on column unit_sheets.unit is 'Unit whose recommender sent it';
comment on column unit_sheets.key_id is 'Key of PERSONAL_DATA_KEYS that sealed the rows';
comment on column unit_sheets.nonce is 'Nonce of the sealing, 24 bytes';
comment on column unit_sheets.ciphertext is 'File name and rows as JSON, sealed: they name people';
comment on column unit_sheets.created_at is 'When it was sent; its time runs from here';

create table unit_works (
    submission uuid primary key references submissions,
    contest text not null,
    unit text not null,
    row_hmac bytea not null check (length(row_hmac) = 32),
    key_id text not null,
    nonce bytea not null,
    ciphertext bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    unique (contest, unit, row_hmac)
);
create index unit_works_of on unit_works (contest, unit, submission);
comment on table unit_works is 'Works that a recommender entered, one for each row of a sheet; a row goes with the entrant''s personal data, and the sheet''s row may be entered again';
comment on column unit_works.submission is 'The work';
comment on column unit_works.contest is 'Its contest';
comment on column unit_works.unit is 'Unit that recommends it';
comment on column unit_works.row_hmac is 'Keyed hash of everything that the row says: the same row enters one work, whoever sends it again';
comment on column unit_works.key_id is 'Key of PERSONAL_DATA_KEYS that sealed the token';
comment on column unit_works.nonce is 'Nonce of the sealing, 24 bytes';
comment on column unit_works.ciphertext is 'As JSON, sealed: the name of the film''s file as the row gives it, which may name people, and the token of the entry, by which the unit sends the film. The token opens nothing once the entry''s link was replaced';
comment on column unit_works.created_at is 'When it was entered';

-- Quotas are counted, and works that were probably entered before are looked for, by the unit''s names.
create index submissions_of_unit on submissions (contest, recommending_unit) where recommending_unit <> '';
