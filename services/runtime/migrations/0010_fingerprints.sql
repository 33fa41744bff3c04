-- What works look and sound like, so that one that is entered twice is found.

-- One row an entry that was probed. It goes when the entrant or the organisers take the work back, and with the submission.
create table fingerprints (
    submission   uuid primary key references submissions on delete cascade,
    contest      text not null,
    -- `pipeline::fingerprint::Fingerprint`: hashes of 64 bits, five a sample, two samples a second, little endian.
    picture      bytea not null default '',
    -- Chromaprint items of 32 bits, eight a second, little endian.
    sound        bytea not null default '',
    -- The words under which it is found; 512 at most, chosen by value.
    tokens       integer[] not null default '{}',
    -- The words by which others like it are looked for.
    probes       integer[] not null default '{}',
    -- Order in which works were let in by screening, given under the contest's lock; a work is compared with those before it.
    -- Null while it is not screened, and after it was refused: it stands in nobody's way then.
    seat         bigint
);
create sequence fingerprint_seats as bigint;
create unique index fingerprints_seats on fingerprints (contest, seat) where seat is not null;
-- Posting lists: a few bytes for each word of each work. Words are written where they belong at once, since a search would
-- have to read all that is put off.
create index fingerprints_by_token on fingerprints using gin (tokens) with (fastupdate = off) where seat is not null;
create index submissions_by_digest on submissions (mezzanine_sha256) where mezzanine_sha256 is not null;

-- Works that were let in before there were fingerprints have their seats, so that their very files are refused.
insert into fingerprints (submission, contest, seat)
    select id, contest, nextval('fingerprint_seats') from (
        select id, contest from submissions
        where state in ('awaiting_review', 'transcode', 'assemble', 'awaiting_release', 'publish', 'published')
            and mezzanine_sha256 is not null
        order by created_at, id
    ) as standing;
