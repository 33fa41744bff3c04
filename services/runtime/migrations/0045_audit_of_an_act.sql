-- no-transaction
-- Acts of one name, newest first.
create index concurrently if not exists audit_of_act
    on audit (act, seq);
