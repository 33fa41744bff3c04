-- What is past its time: asked when it is counted, and again under the lock of its work when it goes.

-- Renditions of one work, or of all, that a newer run replaced before `before`, and that nobody needs: no delivery and no feed is about
-- their run, nothing is under way, and nobody holds the work.
create function superseded_renditions(before timestamptz, work uuid) returns setof renditions language sql stable as $$
    select old.* from renditions old join submissions s on s.id = old.submission
    where (work is null or old.submission = work) and not old.in_force and s.held_at is null
        -- Replaced: the newer files came into force, and did so before that time.
        and exists (select from renditions new where new.submission = old.submission and new.run > old.run and new.in_force
            and new.created_at < before)
        and not exists (select from deliveries d where d.submission = old.submission and d.run = old.run
            and d.state not in ('recalled', 'refused'))
        and not exists (select from feed_items f where f.submission = old.submission and f.run = old.run
            and f.removed_at is null)
        and not exists (select from parts p where p.submission = old.submission
            and p.status in ('pending', 'waiting', 'claimed', 'parked'))
$$;

-- Works, oldest first, about which nothing changed since `before` and nothing is open, and of which it is still known who entered them.
create function forgettable_entrants(before timestamptz, work uuid) returns setof uuid language sql stable as $$
    select s.id from submissions s join entrants e on e.submission = s.id
    where (work is null or s.id = work) and s.updated_at < before and s.held_at is null
        and s.state in ('published', 'rejected', 'withdrawn', 'revoked', 'uploading')
        and not exists (select from parts p where p.submission = s.id
            and p.status in ('pending', 'waiting', 'claimed', 'parked'))
        and not exists (select from deliveries d where d.submission = s.id
            and (d.state not in ('live', 'recalled', 'refused') or d.updated_at >= before))
        and not exists (select from uploads u where u.submission = s.id and u.state in ('open', 'assembling'))
        and not exists (select from bulk_items b where b.submission = s.id and b.state in ('waiting', 'started'))
    order by s.updated_at
$$;
