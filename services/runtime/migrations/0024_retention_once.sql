-- Each line of the policy says once what is past its time: counting asks these, and removing removes what they say.

-- Records of uploads that were given up before `before`, whose bytes are gone, and that no work names as its source, which would be
-- lost with them (none ever does; asked all the same). Oldest first.
create function forgettable_uploads(before timestamptz) returns setof uploads language sql stable as $$
    select u.* from uploads u
    where u.state in ('expired', 'terminated', 'failed') and u.free_at is null and u.updated_at < before
        and not exists (select from submissions s where s.mezzanine_upload = u.id)
    order by u.updated_at
$$;

-- Where the records lie of attempts that ended before `before`, of parts that are not open.
create function forgettable_attempts(before timestamptz) returns setof tid language sql stable as $$
    select a.ctid from attempts a
    where a.ended_at < before and not exists (
        select from parts p where p.submission = a.submission and p.run = a.run and p.stage = a.stage and p.part = a.part
            and p.status in ('pending', 'waiting', 'claimed', 'parked'))
$$;

-- What a finished file takes in the object store, with every cover of it.
create function rendition_bytes(it renditions) returns bigint language sql immutable as $$
    select it.bytes + coalesce(it.cover_bytes, 0)
        + (select coalesce(sum((cover->'file'->>'bytes')::bigint), 0)::bigint from jsonb_array_elements(it.covers) as cover)
$$;
