-- The rule of personal data for one work, and the list of works by it. In the former function, for all works or one, a plan could read all
-- uploads for each work that was looked at.

-- Whether who entered a work may be forgotten: it was left alone since `before`, nothing is open about it, and it is not held.
create function may_forget_entrant(before timestamptz, work uuid) returns boolean language sql stable as $$
    select exists (select from submissions s
        where s.id = work and s.updated_at < before and s.held_at is null
            and s.state in ('published', 'rejected', 'withdrawn', 'revoked', 'uploading')
            and not exists (select from parts p where p.submission = work
                and p.status in ('pending', 'waiting', 'claimed', 'parked'))
            and not exists (select from deliveries d where d.submission = work
                and (d.state not in ('live', 'recalled', 'refused') or d.updated_at >= before))
            and not exists (select from uploads u where u.submission = work and u.state in ('open', 'assembling'))
            and not exists (select from bulk_items b where b.submission = work and b.state in ('waiting', 'started')))
$$;

-- Works whose entrant is known, or of which the name of a file is, and may be forgotten.
create function forgettable_entrants(before timestamptz) returns setof uuid language sql stable as $$
    select known.submission from (
        select submission from entrants
        union
        select submission from uploads where filename is not null or metadata <> ''
    ) as known where may_forget_entrant(before, known.submission)
$$;

drop function forgettable_entrants(timestamptz, uuid);
