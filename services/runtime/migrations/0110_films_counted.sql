-- What entrants' films come to is asked every few seconds, and the sum read an index entry for each work. It is counted with the works that
-- ended instead: a change adds a line, and the sampler adds the lines up.
comment on column settled.what is 'submission or delivery; or film, for all films that entrants sent and that are not to be deleted';
comment on column settled.detail is 'Of a refused submission the rule''s code, of a delivery the partner; else empty';
comment on column settled.count is 'How many; of films how many bytes';
comment on column settled_changes.change is 'How many more, or less; of films how many bytes';

-- A film that was withdrawn is deleted soon, unless an organiser holds it.
create function submission_film_bytes(bytes bigint, state text, held_at timestamptz) returns bigint language sql immutable as $$
    select case when state <> 'withdrawn' or held_at is not null then coalesce(bytes, 0) else 0 end
$$;

create function settled_films() returns trigger language plpgsql as $$
begin
    insert into settled_changes values ('film', '', '',
        case when tg_op = 'DELETE' then 0 else submission_film_bytes(new.mezzanine_bytes, new.state, new.held_at) end
        - case when tg_op = 'INSERT' then 0 else submission_film_bytes(old.mezzanine_bytes, old.state, old.held_at) end);
    return null;
end
$$;
create trigger film_added after insert on submissions
    for each row when (submission_film_bytes(new.mezzanine_bytes, new.state, new.held_at) > 0) execute function settled_films();
create trigger film_changed after update of mezzanine_bytes, state, held_at on submissions
    for each row when (submission_film_bytes(new.mezzanine_bytes, new.state, new.held_at)
        <> submission_film_bytes(old.mezzanine_bytes, old.state, old.held_at)) execute function settled_films();
create trigger film_removed after delete on submissions
    for each row when (submission_film_bytes(old.mezzanine_bytes, old.state, old.held_at) > 0) execute function settled_films();

-- The triggers' locks keep writers out until this has been summed up.
insert into settled (what, state, detail, count)
select 'film', '', '', coalesce(sum(submission_film_bytes(mezzanine_bytes, state, held_at)), 0) from submissions;

drop index submissions_sources;
