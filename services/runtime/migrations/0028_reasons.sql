-- Reasons in the audit trail are of a bounded length, in characters. People type at most 500; the rest is for what programs say. Rows that are
-- older stay as they are: the trail is never rewritten.
alter table audit add constraint audit_reason_bounded check (char_length(reason) <= 1000) not valid;
