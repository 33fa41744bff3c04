/* claim */
-- $1 stage, $2 holder, $3 seconds of the lease, $4 contest after which the next one is looked for (null: the oldest part of all)
with next as (
    -- The contests that have new entries' parts, from the one after $4 to the one before it.
    select coalesce(
        (select contest from parts where stage = $1 and status = 'pending' and rank = 0 and contest > $4
            order by contest limit 1),
        (select contest from parts where stage = $1 and status = 'pending' and rank = 0 and contest < $4
            order by contest limit 1)) as contest
), in_turn as (
    select submission, run, stage, part, call_at from parts
    where stage = $1 and status = 'pending' and rank = 0 and contest = (select contest from next)
    order by created_at, effort_ms desc limit 1 for update skip locked
), oldest as (
    -- Not looked for where the turn gave one.
    select submission, run, stage, part, call_at from parts
    where stage = $1 and status = 'pending' and not exists (select from in_turn)
    order by rank, created_at, effort_ms desc limit 1 for update skip locked
), best as (
    select * from in_turn union all select * from oldest
)
update parts p set status = 'claimed', fence = nextval('part_fences'), holder = $2, progress = 0, call_at = null,
    lease_until = clock_timestamp() + make_interval(secs => $3), started_at = clock_timestamp()
from best join submissions s on s.id = best.submission
where p.submission = best.submission and p.run = best.run and p.stage = best.stage and p.part = best.part
returning p.run, p.part, p.attempt, p.fence as "fence!", p.traceparent as part_traceparent,
    p.contest as part_contest, best.call_at is not null as "reserved!",
    extract(epoch from clock_timestamp() - p.not_before)::float8 as "waited_s!",
    s.id, s.receipt, s.contest, s.machine as "machine: Json<Submission>", s.title, s.theme, s.synopsis, s.recommending_unit,
    s.declarations, s.token_sha256, s.mezzanine_upload, s.mezzanine_bytes, s.mezzanine_sha256, s.declared_sha256,
    s.media_info as "media_info: Json<MediaInfo>", s.plan as "plan: Json<Plan>", s.traceparent, s.cure_until,
    s.cure_reason, s.created_at, s.updated_at
