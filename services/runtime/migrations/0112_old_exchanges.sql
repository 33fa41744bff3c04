-- no-transaction
-- Exchanges from before the column repeated: a look, or a piece of a file, that was followed by another one of the same step for the same
-- work. In steps of 20,000, as the lines of history.
do $$
declare
    from_id bigint := 0;
    last_id bigint;
begin
    select coalesce(max(id), 0) into last_id from exchanges;
    while from_id < last_id loop
        update exchanges e set repeated = true
        where e.id > from_id and e.id <= from_id + 20000 and not e.repeated and e.submission is not null and e.intent is null
            and (e.request ->> 'method' = 'GET' or e.request -> 'body' ?& array['offset', 'bytes'])
            and exists (select from exchanges later where later.submission = e.submission and later.partner = e.partner
                and later.id > e.id and later.step = e.step and later.intent is null);
        from_id := from_id + 20000;
        commit;
    end loop;
end
$$;
