-- Stills of finished files beside their sources, and why a reviewer decided as they did.

-- Array of `outcome::StoredComparison`: the same frame of source and rendition as two pictures, where it is shown, and how alike both are.
-- Empty where the picture was passed through, and in rows from before.
alter table renditions add column comparison jsonb not null default '[]';

-- What a finished file takes in the object store, with every cover and still of it.
create or replace function rendition_bytes(it renditions) returns bigint language sql immutable as $$
    select it.bytes + coalesce(it.cover_bytes, 0)
        + (select coalesce(sum((cover->'file'->>'bytes')::bigint), 0)::bigint from jsonb_array_elements(it.covers) as cover)
        + (select coalesce(sum((pair->'source'->>'bytes')::bigint + (pair->'rendition'->>'bytes')::bigint), 0)::bigint
            from jsonb_array_elements(it.comparison) as pair)
$$;

-- Why, for the audit trail, such as the work that it was compared with; null where no reason was given.
alter table held_decisions add column reason text;
