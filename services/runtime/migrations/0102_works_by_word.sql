-- no-transaction
-- Posting lists: a few bytes for each word of each work. Words are written where they belong at once, since a search would have to read all
-- that is put off.
create index concurrently if not exists fingerprint_words_by_word on fingerprint_words using gin (words) with (fastupdate = off);
