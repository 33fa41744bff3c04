-- Looks only at the 256 ids before the new ones, as many as a relay takes at a time, and not from the first that ever was: those are
-- dead by the ten thousand until the table is vacuumed, and every writer walked over all of them. Something older alone now notifies
-- once more than needed.
create or replace function outbox_notify() returns trigger language plpgsql as $$
declare
    first bigint := (select min(id) from added);
begin
    if not exists (select from outbox where id >= first - 256 and id < first) then
        perform pg_notify('reelmill_outbox', '');
    end if;
    return null;
end
$$;
