-- The words of works that hold a seat, apart from their fingerprints: written before the contest's lock is taken. In one table with the seat
-- each seat rewrote the five hundred entries of the index, 3.4 MB of log, while every other screening of the contest waited.
create table fingerprint_words (
    submission  uuid primary key references fingerprints on delete cascade,
    words       integer[] not null
);
comment on table fingerprint_words is 'The words under which works with a seat are found';
comment on column fingerprint_words.submission is 'Whose; the row goes when the work gives its seat up';
comment on column fingerprint_words.words is
    'Its tokens, each combined with the contest''s salt, without those that many works of the contest have already';

-- A word that many works of one contest have costs the searches of no other contest: as stored it is another word there.
create function contest_salt(contest text) returns integer language sql immutable parallel safe as $$
    select ('x' || substr(encode(sha256(convert_to(contest, 'UTF8')), 'hex'), 1, 8))::bit(32)::integer
$$;

comment on column fingerprints.tokens is 'The words under which it is found; 512 at most, chosen by value. The index is that of fingerprint_words';
comment on column fingerprints.probes is
    'The words by which others like it are looked for; empty once it is published, when its tokens are enough to look again';
