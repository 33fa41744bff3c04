/* trouble */
-- $1 most rows, $2 contests (null: all)
select kind as "kind!", found.submission as "submission?", s.contest as "contest?", s.title as "title?",
    place as "place!", since_s as "since_s!", due, by_hand as "by_hand!", words
from (
    (select 1 as pressing, 'overdue_recall' as kind, d.submission, partner as place,
        extract(epoch from clock_timestamp() - recall_due)::float8 as since_s, recall_due as due,
        coalesce(d.machine #>> '{observed,by}' = 'operator', false) as by_hand, recall_reason as words
    from deliveries d join submissions t on t.id = d.submission
    where recall_due < statement_timestamp() and d.state not in ('recalled', 'refused')
        and ($2::text[] is null or t.contest = any($2))
    order by recall_due limit $1)
    union all
    (select 2, 'credentials_refused', null, partner,
        extract(epoch from clock_timestamp() - coalesce(health_at, updated_at))::float8, null, true, health_words
    from partner_accounts where health = 'refused')
    union all
    (select 3, 'recall_waits', d.submission, partner,
        extract(epoch from clock_timestamp() - d.updated_at)::float8, recall_due, true, recall_reason
    from deliveries d join submissions t on t.id = d.submission
    where recall_due >= statement_timestamp() and d.state = 'recalling' and d.machine #>> '{observed,by}' = 'operator'
        and ($2::text[] is null or t.contest = any($2))
    order by recall_due limit $1)
    union all
    (select 4, 'unknown_delivery', d.submission, partner,
        extract(epoch from clock_timestamp() - d.updated_at)::float8, null, false, null
    from deliveries d join submissions t on t.id = d.submission
    where d.state in ('unknown', 'sending') and d.updated_at < statement_timestamp() - interval '30 minutes'
        and ($2::text[] is null or t.contest = any($2))
    order by d.updated_at limit $1)
    union all
    -- A process holds a part of it, and nothing of it was finished since.
    (select 5, 'no_progress', p.submission, p.stage || '/' || p.part,
        extract(epoch from clock_timestamp() - greatest(p.started_at, t.updated_at))::float8, null, false, p.last_error
    from parts p join submissions t on t.id = p.submission
    where p.status = 'claimed' and p.stage <> 'publish' and p.started_at < clock_timestamp() - interval '20 minutes'
        and t.updated_at < clock_timestamp() - interval '20 minutes' and ($2::text[] is null or t.contest = any($2))
    order by p.started_at limit $1)
    union all
    -- No process takes parts of this stage: the one that would be next stands for the queue.
    (select 5, 'no_progress', next.submission, stage.name || '/' || next.part,
        extract(epoch from clock_timestamp() - greatest(next.created_at, next.not_before))::float8, null, false, next.last_error
    from unnest(array['probe', 'screen', 'transcode', 'assemble', 'publish']) as stage (name) cross join lateral (
        select submission, part, created_at, not_before, last_error from parts
        where status = 'pending' and stage = stage.name order by rank, created_at limit 1
    ) as next join submissions t on t.id = next.submission
    where greatest(next.created_at, next.not_before) < clock_timestamp() - interval '20 minutes'
        and not exists (select from parts c where c.status = 'claimed' and c.stage = stage.name)
        and coalesce((select finished_at from parts c where c.status = 'done' and c.stage = stage.name
            order by finished_at desc limit 1), '-infinity') < clock_timestamp() - interval '20 minutes'
        and ($2::text[] is null or t.contest = any($2)))
    union all
    (select 6, 'parked', p.submission, p.stage || '/' || p.part,
        extract(epoch from clock_timestamp() - coalesce(p.finished_at, p.started_at, p.created_at))::float8, null, false, p.last_error
    from parts p join submissions t on t.id = p.submission
    where p.status = 'parked' and ($2::text[] is null or t.contest = any($2))
    order by p.submission limit $1)
    union all
    (select 7, 'refused_delivery', d.submission, partner,
        extract(epoch from clock_timestamp() - d.updated_at)::float8, null, false, d.machine #>> '{observed,words}'
    from deliveries d join submissions t on t.id = d.submission
    where d.state = 'refused' and d.updated_at > statement_timestamp() - interval '7 days'
        and ($2::text[] is null or t.contest = any($2))
    order by d.updated_at limit $1)
    union all
    (select 8, 'waits_for_person', d.submission, partner,
        extract(epoch from clock_timestamp() - d.updated_at)::float8, null, true, null
    from deliveries d join submissions t on t.id = d.submission
    where d.state = 'awaiting_operator' and d.machine ->> 'desired' = 'live'
        and ($2::text[] is null or t.contest = any($2))
    order by d.updated_at limit $1)
) as found
    -- Of the few that were found; a join might read all works.
    left join lateral (select contest, title from submissions where id = found.submission limit 1) as s on true
order by pressing, since_s desc limit $1
