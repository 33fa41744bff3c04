-- What a file's headers say of the contest's simplest rules, told while all of the file is still being decoded. It decides nothing, and what
-- screening says later counts. A verdict as jsonb, like the column verdict; null before the probe of its last run looked.
alter table submissions add column first_look jsonb;
