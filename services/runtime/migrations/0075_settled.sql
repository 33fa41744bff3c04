-- How many works and deliveries have come to an end. Most of a million have, and counting them every few seconds took seconds. A row that
-- reaches an end, or leaves it, adds a line of change; whoever takes the figures of the installation adds the lines up. Lines and not a
-- count that everybody changes: transactions would wait for each other.
create table settled (
    what    text not null,
    state   text not null,
    detail  text not null,
    count   bigint not null,
    primary key (what, state, detail)
);
comment on table settled is 'How many works and deliveries are in a state that is an end, without the lines of settled_changes';
comment on column settled.what is 'submission or delivery';
comment on column settled.state is 'The state''s name';
comment on column settled.detail is 'Of a refused submission the rule''s code, of a delivery the partner; else empty';
comment on column settled.count is 'How many';

create table settled_changes (
    what    text not null,
    state   text not null,
    detail  text not null,
    change  bigint not null
);
comment on table settled_changes is 'What came to an end, or left it, since settled was brought up to date';
comment on column settled_changes.what is 'As in settled';
comment on column settled_changes.state is 'As in settled';
comment on column settled_changes.detail is 'As in settled';
comment on column settled_changes.change is 'How many more, or less';

create function submission_is_settled(state text) returns boolean language sql immutable as $$
    select state in ('published', 'rejected', 'withdrawn', 'revoked')
$$;
create function delivery_is_settled(state text) returns boolean language sql immutable as $$
    select state in ('live', 'recalled', 'refused')
$$;

create function settled_submissions() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' and submission_is_settled(old.state) then
        insert into settled_changes values ('submission', old.state,
            case old.state when 'rejected' then coalesce(old.machine #>> '{state,reason,code}', 'unknown') else '' end, -1);
    end if;
    if tg_op <> 'DELETE' and submission_is_settled(new.state) then
        insert into settled_changes values ('submission', new.state,
            case new.state when 'rejected' then coalesce(new.machine #>> '{state,reason,code}', 'unknown') else '' end, 1);
    end if;
    return null;
end
$$;
create trigger settled_added after insert on submissions
    for each row when (submission_is_settled(new.state)) execute function settled_submissions();
create trigger settled_changed after update of state on submissions
    for each row when ((submission_is_settled(old.state) or submission_is_settled(new.state))
        and (old.state is distinct from new.state or old.state = 'rejected' and old.machine is distinct from new.machine))
    execute function settled_submissions();
create trigger settled_removed after delete on submissions
    for each row when (submission_is_settled(old.state)) execute function settled_submissions();

create function settled_deliveries() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' and delivery_is_settled(old.state) then
        insert into settled_changes values ('delivery', old.state, old.partner, -1);
    end if;
    if tg_op <> 'DELETE' and delivery_is_settled(new.state) then
        insert into settled_changes values ('delivery', new.state, new.partner, 1);
    end if;
    return null;
end
$$;
create trigger settled_added after insert on deliveries
    for each row when (delivery_is_settled(new.state)) execute function settled_deliveries();
create trigger settled_changed after update of state on deliveries
    for each row when (old.state is distinct from new.state
        and (delivery_is_settled(old.state) or delivery_is_settled(new.state)))
    execute function settled_deliveries();
create trigger settled_removed after delete on deliveries
    for each row when (delivery_is_settled(old.state)) execute function settled_deliveries();

-- The triggers' locks keep writers out until this has been counted.
insert into settled (what, state, detail, count)
select 'submission', state,
    case state when 'rejected' then coalesce(machine #>> '{state,reason,code}', 'unknown') else '' end, count(*)
from submissions where submission_is_settled(state) group by 2, 3
union all
select 'delivery', state, partner, count(*) from deliveries where delivery_is_settled(state) group by 2, 3;

-- Of works that are over nothing is estimated or watched any more.
delete from estimates where submission in (select id from submissions where submission_is_settled(state));
delete from progress where submission in (select id from submissions where submission_is_settled(state));
