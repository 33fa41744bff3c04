-- The board of deliveries shows works that have any, newest first. To find them among works that wait for a reviewer, each of these was
-- looked up among the deliveries. Now a work says so itself, from its first delivery on: deliveries are not deleted before their work.
alter table submissions add column has_deliveries boolean not null default false;
comment on column submissions.has_deliveries is 'Whether a delivery of it was ever planned; set by a trigger of deliveries';

update submissions set has_deliveries = true where id in (select submission from deliveries);

create function deliveries_begin() returns trigger language plpgsql as $$
begin
    update submissions set has_deliveries = true
    where id in (select submission from added) and not has_deliveries;
    return null;
end
$$;
create trigger deliveries_begin after insert on deliveries
    referencing new table as added for each statement execute function deliveries_begin();
