-- Where an entry's time went, and by which traces.

alter table submissions
    -- W3C trace context of the span that changed it last. The next one links to it, so an entry's way is one chain of traces, also
    -- over gates that wait for days and over acts that nobody traces. Null until something traced touches it.
    add column traceparent text;

-- Attempts at parts that did not end them; the one that did stands in the part's own row.
create table attempts (
    -- Not a foreign key: its check would lock the submission after the part, and everybody else locks them the other way around.
    submission   uuid not null,
    run          integer not null,
    stage        text not null,
    part         text not null,
    started_at   timestamptz not null,
    ended_at     timestamptz not null,
    -- `failed`, `parked`, `later` (asked again: a partner still looks at it), `handed_back` (its worker stopped), `silent` (its lease
    -- ran out; it may have ended long before).
    outcome      text not null,
    -- Who held it: host and process.
    holder       text
);
create index attempts_of on attempts (submission, started_at);
