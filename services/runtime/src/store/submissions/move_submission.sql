/* move_submission */
-- $1 submission          $2 machine             $3 state               $4 run
-- $5 traceparent (null for an untraced act)    $6 time of the event
-- History: $7 actor      $8 event               $9 details
-- Outbox, one row each: $10 exchanges  $11 routing keys  $12 kinds  $13 bodies  $14 headers
-- Webhooks: $15 type     $16 payload            $17 most messages that wait for one endpoint
-- $18 contest
-- Item of a bulk job: $19 state  $20 why  $21 detail
-- Parts that are needed: $22 stage (empty: none)  $23 parts
-- Parts that start, one row each: $24 stages  $25 parts
with saved as (
    update submissions set machine = $2, state = $3, run = $4, traceparent = coalesce($5, traceparent), updated_at = $6,
        moved_at = case when state = $3 and run = $4 then moved_at else $6 end,
        -- Its deliveries are planned next; the trigger that notes the first one then finds this done, and writes no other
        -- version of the row.
        has_deliveries = has_deliveries or 'publish' = any($24::text[])
    where id = $1
), noted as (
    insert into history (submission, at, actor, what, detail) values ($1, clock_timestamp(), $7, $8, $9)
), sent as (
    insert into outbox (exchange, routing_key, kind, body, headers)
    select * from unnest($10::text[], $11::text[], $12::text[], $13::bytea[], $14::jsonb[])
), told as (
    insert into webhook_messages (endpoint, type, submission, body, status, finished_at)
    select id, $15, $1, $16, case when full_up then 'dropped' else 'pending' end,
        case when full_up then clock_timestamp() end
    from (
        select id, $17 <= (
            select count(*) from (
                select 1 from webhook_messages where endpoint = e.id and status = 'pending' limit $17
            ) waiting
        ) as full_up
        from webhook_endpoints e
        where state = 'enabled' and (types = '{}' or $15 = any(types)) and (contest is null or contest = $18)
    ) interested
), followed as (
    update bulk_items set changed_at = clock_timestamp(),
        state = case when run < $4 then 'cancelled' else $19 end,
        why = case when run < $4 then 'overtaken' else $20 end,
        detail = case when run < $4 then 'run ' || $4 else $21 end
    where submission = $1 and state = 'started' and (run < $4 or $19 <> 'started')
), cancelled as (
    update parts set status = 'cancelled', fence = null, lease_until = null, finished_at = clock_timestamp()
    where submission = $1 and status in ('pending', 'waiting', 'claimed', 'parked')
        and case when stage = $22 and part = any($23) then run <> $4 else stage <> 'publish' end
)
insert into parts (submission, run, stage, part, contest, rank, effort_ms, traceparent, created_at, not_before)
select $1, $4, stage, part, $18,
    coalesce((select j.rank from bulk_items i join bulk_jobs j on j.id = i.job
        where i.submission = $1 and i.run = $4 limit 1), 0),
    -- One read for all parts. A query for each part made PostgreSQL's generic plan, which assumes ten parts, cost more than
    -- planning the whole statement again for every move.
    coalesce(((select s.plan -> 'effort_ms' from submissions s where s.id = $1) ->> part)::bigint, 0),
    -- Untraced acts, such as those of the command line, leave the chain as it is.
    coalesce($5, (select traceparent from submissions where id = $1)), moment, moment
from unnest($24::text[], $25::text[]) as new (stage, part), (select clock_timestamp() as moment) as now
-- Only a partner that it was recalled from is started again in the same run; a recall still under way goes on to it.
on conflict (submission, run, stage, part) do update set status = 'pending', attempt = 0, output = null,
    finished_at = null, not_before = excluded.not_before, traceparent = excluded.traceparent,
    created_at = excluded.created_at, started_at = null, contest = excluded.contest, call_at = null
    where parts.status in ('done', 'cancelled', 'parked')
