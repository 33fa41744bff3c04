-- As before, in the order of the index, so that a removal of the first ones reads no others.
create or replace function forgettable_attempts(before timestamptz) returns setof tid language sql stable as $$
    select a.ctid from attempts a
    where a.ended_at < before and not exists (
        select from parts p where p.submission = a.submission and p.run = a.run and p.stage = a.stage and p.part = a.part
            and p.status in ('pending', 'waiting', 'claimed', 'parked'))
    order by a.ended_at
$$;
