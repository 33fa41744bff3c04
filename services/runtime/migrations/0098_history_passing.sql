-- no-transaction
-- Lines of history that go after their time, and no others.
create index concurrently if not exists history_passing
    on history (at) where passing;
