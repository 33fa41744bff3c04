-- no-transaction
-- Exchanges that were made again later, and no others.
create index concurrently if not exists exchanges_repeated
    on exchanges (at) where repeated;
