-- Shares of contests and of partners; what a list's order and retention follow without an index on a column that each update changes.

-- A constant default is kept in the catalogue, so no row is rewritten. Parts from before this column share one turn.
alter table parts
    add column contest text not null default '',
    add column call_at timestamptz;
comment on column parts.contest is 'The work''s contest: claims go around contests; empty for parts from before this column';
comment on column parts.call_at is 'Of a delivery that met its partner''s budget: the time that it reserved there; null once it is claimed. '
    'While it waits for that time not_before is infinity';

alter table partner_accounts
    add column interval_s double precision,
    add column burst integer;
comment on column partner_accounts.interval_s is 'Seconds between two calls in the long run, as of the last delivery that had to wait';
comment on column partner_accounts.burst is 'Calls that may come at once after a rest, as of then';

-- updated_at changes with every part that ends; in no index it lets PostgreSQL keep the new version of the row beside the old one (HOT).
alter table submissions add column moved_at timestamptz;
alter table submissions alter column moved_at set default clock_timestamp();
comment on column submissions.moved_at is 'When it came into its state, or began its run; null for works that have not moved since this column';

-- Written down as superseded when it is, so that retention finds it through an index that holds nothing else.
alter table history add column passing boolean not null default false;
comment on column history.passing is 'Whether the line only says how one of several parts went, without a change of state: goes after history_days';

alter table exchanges add column repeated boolean not null default false;
comment on column exchanges.repeated is 'Whether the same step was made again later for the same work: goes after exchanges_days. '
    'The call that counts has an intent and is never marked';
