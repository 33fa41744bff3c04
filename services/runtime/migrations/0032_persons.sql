-- Persons who are not entrants, the roles that they hold, and the owner of each token.

create table persons (
    id         uuid primary key,
    -- As the audit trail shows it. Not unique: two people may have one name.
    name       text not null,
    -- Login name, for the command line; null: they use tokens only.
    login      text,
    created_at timestamptz not null default clock_timestamp(),
    -- When they were ended. From then on they hold nothing and none of their tokens is valid. The row stays, since the audit trail
    -- refers to it; a person who comes back gets a new one.
    ended_at   timestamptz
);
-- A login name is free again once its person was ended.
create unique index persons_login on persons (login) where ended_at is null;

create table person_roles (
    person   uuid not null references persons,
    -- `screener`, `organiser`, `operator`, `auditor` or `admin`. None implies another.
    role     text not null,
    -- Only in this contest; null: in all.
    contest  text,
    given_at timestamptz not null default clock_timestamp()
);
-- Not a primary key, because of the null. A contest's name is never empty.
create unique index person_roles_once on person_roles (person, role, coalesce(contest, ''));

alter table tokens
    -- Whose it is. It is valid only while this person is not ended and holds its role in its contest.
    add column person uuid references persons;
comment on column tokens.name is 'What it is for, as lists show it. Before persons existed: whose it is';

-- Tokens that exist get a person of their name, who holds the roles of those that are still valid.
insert into persons (id, name, created_at) select gen_random_uuid(), name, min(created_at) from tokens group by name;
update tokens t set person = p.id from persons p where p.name = t.name;
insert into person_roles (person, role, contest)
select distinct person, role, contest from tokens where revoked_at is null and expires_at > clock_timestamp();

alter table tokens alter column person set not null;
create index tokens_of on tokens (person);
