-- The high-water mark of the installation counts films that are whole, too: nothing deletes them while their work is known. What an
-- entrant took back is garbage, unless an organiser holds it.
create index submissions_sources on submissions (mezzanine_bytes)
    where mezzanine_bytes is not null and (state <> 'withdrawn' or held_at is not null);
