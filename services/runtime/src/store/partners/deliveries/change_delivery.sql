/* change_delivery */
-- $1 submission          $2 partner             $3 machine             $4 state               $5 run
-- $6 time of the event   $7 whether it is to be gone
-- Webhooks: $8 type      $9 payload             $10 most messages that wait for one endpoint
-- Outbox: $11 exchange   $12 routing key        $13 kind               $14 body               $15 headers
-- History: $16 actor     $17 details
with saved as (
    update deliveries set machine = $3, state = $4, run = $5, updated_at = $6,
        recall_due = case when $7 then recall_due end, recall_reason = case when $7 then recall_reason end
    where submission = $1 and partner = $2
), told as (
    insert into webhook_messages (endpoint, type, submission, body, status, finished_at)
    select id, $8, $1, $9, case when full_up then 'dropped' else 'pending' end,
        case when full_up then clock_timestamp() end
    from (
        select id, $10 <= (
            select count(*) from (
                select 1 from webhook_messages where endpoint = e.id and status = 'pending' limit $10
            ) waiting
        ) as full_up
        from webhook_endpoints e
        where state = 'enabled' and (types = '{}' or $8 = any(types))
            and (contest is null or contest = (select contest from submissions where submissions.id = $1))
    ) interested
), sent as (
    insert into outbox (exchange, routing_key, kind, body, headers) values ($11, $12, $13, $14, $15)
)
insert into history (submission, at, actor, what, detail) values ($1, clock_timestamp(), $16, 'delivery_changed', $17)
