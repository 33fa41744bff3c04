-- PostgreSQL prepares the condition of a trigger again for every statement that may fire it, and with it reads the text of each SQL function
-- that the condition calls: four for each step of a work. The conditions now compare columns, and rule out what is certain. The triggers'
-- functions, which a session prepares once, decide the rest as before, so the same lines are written.
create or replace function settled_films() returns trigger language plpgsql as $$
declare
    more bigint := case when tg_op = 'DELETE' then 0 else submission_film_bytes(new.mezzanine_bytes, new.state, new.held_at) end
        - case when tg_op = 'INSERT' then 0 else submission_film_bytes(old.mezzanine_bytes, old.state, old.held_at) end;
begin
    if more <> 0 then
        insert into settled_changes values ('film', '', '', more);
    end if;
    return null;
end
$$;
create or replace trigger film_added after insert on submissions
    for each row when (new.mezzanine_bytes is not null) execute function settled_films();
create or replace trigger film_changed after update of mezzanine_bytes, state, held_at on submissions
    for each row when (old.mezzanine_bytes is distinct from new.mezzanine_bytes or old.held_at is distinct from new.held_at
        or (old.state = 'withdrawn') <> (new.state = 'withdrawn')) execute function settled_films();

create or replace trigger settled_added after insert on submissions
    for each row when (new.state <> 'uploading') execute function settled_submissions();
create or replace trigger settled_changed after update of state on submissions
    for each row when (old.state <> new.state or old.state = 'rejected' and old.machine <> new.machine)
    execute function settled_submissions();

create or replace trigger settled_added after insert on deliveries
    for each row when (new.state <> 'planned') execute function settled_deliveries();
create or replace trigger settled_changed after update of state on deliveries
    for each row when (old.state <> new.state) execute function settled_deliveries();
