-- A choice made by an invitation is confirmed in the browser that made it.

alter table invitations
    -- SHA-256 of the 256 random bits that the browser holds in which the password was chosen. Null: no choice waits for its confirmation.
    add column chooser_sha256 bytea;

-- The counter of a login name is now that of the browsers that are not recognised.
comment on column sign_in_failures.name_hmac is
    'Keyed hash of the login name that was given, whether or not a person has it; for a recognised browser, of the browser and the name.';

-- People who see several contests see the jobs whose works are all of these.

alter table bulk_jobs
    -- The contests of its works. `contest` remains the one contest, and null where there are several.
    add column contests text[] not null default '{}';

update bulk_jobs j set contests = array(
    select distinct s.contest from bulk_items i join submissions s on s.id = i.submission where i.job = j.id order by 1);
