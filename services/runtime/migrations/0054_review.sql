-- The screening queue: who looks at which work, what reviewers put aside, and decisions that can still be undone.

-- Two reviewers never decide the same work: opening its card claims it for a while. A claim is a courtesy between people, not a lease:
-- the decision itself is checked under the work's lock.
create table review_claims (
    -- The work.
    submission uuid primary key references submissions on delete cascade,
    -- The reviewer who has its card open.
    person     uuid not null references persons,
    -- The session, or the token, that opened it. No reference: it may be gone.
    session    uuid,
    -- Until when it holds, by the database's clock. A claim past its time is taken over by the next reviewer.
    until      timestamptz not null
);
create index review_claims_of on review_claims (person);

-- Works that a reviewer wants to see last.
create table review_later (
    -- The work.
    submission uuid not null references submissions on delete cascade,
    -- The reviewer. Others see the work in its place.
    person     uuid not null references persons,
    -- When it was put aside, by the database's clock; the longest ago comes first.
    at         timestamptz not null,
    primary key (submission, person)
);
create index review_later_of on review_later (person, at);

-- Decisions that take effect after a few seconds, so that they can be undone. A desk carries them out; a decision that was carried out
-- or undone has no row here.
create table held_decisions (
    -- Its number.
    id         bigint generated always as identity primary key,
    -- The work.
    submission uuid not null references submissions on delete cascade,
    -- Whose decision it is: as the audit trail names them.
    person     uuid not null references persons,
    -- Kind of actor, such as `screener`.
    actor      text not null,
    -- The person's name.
    name       text not null,
    -- The session, or the token, that was shown.
    credential uuid,
    -- Pseudonym of the client's address.
    address    text,
    -- `accept` or `refuse`.
    decision   text not null,
    -- Why it is refused, as the entrant will read it; null for an acceptance.
    words      text,
    -- The phrase of the catalogue that the words began with, by its id.
    phrase     text,
    -- When it was made, by the database's clock.
    created_at timestamptz not null,
    -- When it takes effect.
    due_at     timestamptz not null,
    -- When it could not be carried out, because the work had gone on without it. The row stays until its person has read it.
    failed_at  timestamptz,
    -- Why: code, and a sentence in `zh` and `en`.
    failure    jsonb
);
-- One decision a work is held at a time; those that failed are only shown.
create unique index held_decision on held_decisions (submission) where failed_at is null;
create index held_decisions_due on held_decisions (due_at) where failed_at is null;
create index held_decisions_of on held_decisions (person, id);
