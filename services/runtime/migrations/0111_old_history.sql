-- no-transaction
-- Lines of history from before the column passing: those that only say how one of several parts went, in steps of 20,000, each its own
-- transaction, so that no lock is held for long. Interrupted, it continues: marked lines are not written again.
do $$
declare
    from_id bigint := 0;
    last_id bigint;
begin
    select coalesce(max(id), 0) into last_id from history;
    while from_id < last_id loop
        update history set passing = true
        where id > from_id and id <= from_id + 20000 and not passing
            and (what = 'part_failed' or what = 'part_done' and detail ->> 'state' = detail ->> 'stage');
        from_id := from_id + 20000;
        commit;
    end loop;
end
$$;
