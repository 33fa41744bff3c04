-- The audit trail names person, credential and address. A row that has none of the three is hashed as rows were before these columns
-- existed ("reelmill audit row 1"), any other with them ("reelmill audit row 2"). So rows of both kinds form one chain, and a service of the
-- version before may add to it while it is replaced.

alter table audit
    -- Whose act it was. Null for entrants and for a login at the command line that is no person's. No reference, as for the others.
    add column person     uuid,
    -- What was shown, such as a token: its id. Null at the command line.
    add column credential uuid,
    -- Pseudonym of the client's address, as the log has it. Null at the command line.
    add column address    text;
comment on column audit.actor is 'Kind of actor: `entrant`, `screener`, `organiser`, `operator`, `auditor`, `admin`';
comment on column audit.name is 'The person''s name, or `operator on HOST`. Never an entrant''s name. Rows without a person: a token''s or login name';
comment on column audit.contest is 'Contest of the submission, or the one contest that the token or all of the roles are for';

-- Who is bound to a contest reads the rows of that contest.
create index audit_of_contest on audit (contest, seq) where contest is not null;

-- The works of a job are started later, and each of them is an act of the person who asked for the job.
alter table bulk_jobs
    -- As in the audit trail.
    add column person     uuid,
    add column credential uuid,
    add column address    text;
