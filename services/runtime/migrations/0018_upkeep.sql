-- Looking after what is kept.

-- One object instead of all that lies under a prefix: `prefix` is its whole key then.
alter table garbage add column single boolean not null default false;
