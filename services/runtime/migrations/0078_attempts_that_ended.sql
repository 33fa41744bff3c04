-- no-transaction
-- Records of attempts by their end: those that are past their time come first.
create index concurrently if not exists attempts_ended
    on attempts (ended_at);
