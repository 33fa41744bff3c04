-- Recommenders: persons who enter the works of one recommending unit, at a door of their own.

alter table person_roles
    add column unit text,
    add constraint person_roles_unit check ((role = 'recommender') = (unit is not null) and (unit is null or contest is not null));
comment on column person_roles.unit is 'Id of the recommending unit of the contest that a recommender is of; null for every other role';
drop index person_roles_once;
create unique index person_roles_once on person_roles (person, role, coalesce(contest, ''), coalesce(unit, ''));

alter table sessions
    add column door text not null default 'console' check (door in ('console', 'units'));
comment on column sessions.door is 'Where the session began and where alone its cookie is accepted: the console of staff, or the pages of recommending units';
