-- The names that entrants' files had say who they are as often as not, so they go with the rest of what is known of an entrant.

comment on column uploads.filename is 'What the client calls its file: text to show, never a key. Personal data: emptied with the row of entrants';
comment on column uploads.metadata is 'Upload-Metadata exactly as sent, to echo while the upload is used; it holds the file name. Emptied with the row of entrants';

-- As before, and works of which no entrant is known any more but the name of a file still is: those that were withdrawn or forgotten
-- before this migration, and an upload that began while its work was being withdrawn.
create or replace function forgettable_entrants(before timestamptz, work uuid) returns setof uuid language sql stable as $$
    select s.id from submissions s
    where (work is null or s.id = work) and s.updated_at < before and s.held_at is null
        and (exists (select from entrants e where e.submission = s.id)
            or exists (select from uploads u where u.submission = s.id and (u.filename is not null or u.metadata <> '')))
        and s.state in ('published', 'rejected', 'withdrawn', 'revoked', 'uploading')
        and not exists (select from parts p where p.submission = s.id
            and p.status in ('pending', 'waiting', 'claimed', 'parked'))
        and not exists (select from deliveries d where d.submission = s.id
            and (d.state not in ('live', 'recalled', 'refused') or d.updated_at >= before))
        and not exists (select from uploads u where u.submission = s.id and u.state in ('open', 'assembling'))
        and not exists (select from bulk_items b where b.submission = s.id and b.state in ('waiting', 'started'))
    order by s.updated_at
$$;
