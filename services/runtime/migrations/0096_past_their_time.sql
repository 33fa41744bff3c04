-- What is past its time of parts, history, exchanges and uploads, oldest first; as the other lines of the policy, said once for counting and
-- for removing.

-- Its place was taken by submissions_by_move.
drop index submissions_by_state;

-- What machines made of a part. Assembling reads it in the same run; from then on it stands in the rendition, or was for that run only. What
-- probes and assembled parts made was kept here, too, before it stood in the work's own rows alone.
create function forgettable_outputs(before timestamptz) returns setof tid language sql stable as $$
    select p.ctid from parts p join submissions s on s.id = p.submission
    where p.status = 'done' and p.output is not null and p.stage in ('probe', 'transcode', 'assemble') and p.finished_at < before
        and not (s.run = p.run and s.state in ('probe', 'screen', 'awaiting_review', 'transcode', 'assemble'))
    order by p.finished_at
$$;

-- Lines that only say how one of several parts went.
create function forgettable_history(before timestamptz) returns setof tid language sql stable as $$
    select ctid from history where passing and at < before order by at
$$;

-- Looks and pieces of files that were followed by another one, of deliveries that came to an end, unless the work is held.
create function forgettable_exchanges(before timestamptz) returns setof tid language sql stable as $$
    select e.ctid from exchanges e
    where e.repeated and e.at < before
        and not exists (select from deliveries d where d.submission = e.submission and d.partner = e.partner
            and not delivery_is_settled(d.state))
        and not exists (select from submissions s where s.id = e.submission and s.held_at is not null)
    order by e.at
$$;

-- Parts of films that are whole. They go with the last byte; these were left before they did.
create function forgettable_upload_parts() returns setof tid language sql stable as $$
    select p.ctid from upload_parts p join uploads u on u.id = p.upload where u.state = 'finished'
$$;
