-- no-transaction
-- Acts of one person, newest first: the audit page filters by person.
create index concurrently if not exists audit_of_person
    on audit (person, seq) where person is not null;
