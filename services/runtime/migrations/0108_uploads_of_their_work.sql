-- A work's film is an upload of that work. Looked for among all works, each round of the removal read the whole table.
create or replace function forgettable_uploads(before timestamptz) returns setof uploads language sql stable as $$
    select u.* from uploads u
    where u.state in ('expired', 'terminated', 'failed') and u.free_at is null and u.updated_at < before
        and not exists (select from submissions s where s.id = u.submission and s.mezzanine_upload = u.id)
    order by u.updated_at
$$;
