-- A part is renewed every few seconds while a worker has it, and moves through four statuses. Room in each page keeps the versions of a row
-- together; vacuum comes after a thirtieth of the table has changed and not after a fifth, which is millions of rows of a large one.
alter table parts set (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.03, autovacuum_analyze_scale_factor = 0.02);
-- The same of works and deliveries. Of the messages and of what came to an end every row is deleted soon after it was written.
alter table submissions set (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
alter table deliveries set (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
alter table outbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
alter table settled_changes set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
