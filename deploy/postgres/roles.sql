-- The logins of an installation, created by a superuser in its database: `psql -f deploy/postgres/roles.sql`, with both passwords in the
-- environment. The image of PostgreSQL runs it on an empty volume (compose.yaml). Existing roles are not changed.
--
-- | login            | is                                                                                                 |
-- |------------------|----------------------------------------------------------------------------------------------------|
-- | reelmill_owner   | owns the database and everything that `reelmill migrate` makes; nothing else uses it               |
-- | reelmill_app     | the services' and organisers' commands', a member of reelmill_service                              |
-- | reelmill_service | no login: `reelmill migrate` grants it what services need, which never is to alter a table         |
--
-- None of them is a superuser, makes roles, or reads the server's files.
\set ON_ERROR_STOP on
\getenv owner_password REELMILL_OWNER_PASSWORD
\getenv app_password REELMILL_APP_PASSWORD
\if :{?owner_password} \else
    \warn 'roles.sql: REELMILL_OWNER_PASSWORD is not set'
    select 1 / 0 as "a password is missing";
\endif
\if :{?app_password} \else
    \warn 'roles.sql: REELMILL_APP_PASSWORD is not set'
    select 1 / 0 as "a password is missing";
\endif
select format('create role reelmill_owner login password %L', :'owner_password')
    where not exists (select from pg_roles where rolname = 'reelmill_owner') \gexec
select 'create role reelmill_service nologin'
    where not exists (select from pg_roles where rolname = 'reelmill_service') \gexec
select format('create role reelmill_app login password %L in role reelmill_service', :'app_password')
    where not exists (select from pg_roles where rolname = 'reelmill_app') \gexec
alter database :"DBNAME" owner to reelmill_owner;
-- The schema belongs to the database owner, which is the default from PostgreSQL 15 on.
revoke create on schema public from public;
-- Services need no temporary tables: with them a login could fill the disk without a row, and hide a table of ours in its session.
revoke temporary on database :"DBNAME" from public;
