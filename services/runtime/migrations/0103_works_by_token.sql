-- no-transaction
-- Works are found by fingerprint_words.
drop index concurrently if exists fingerprints_by_token;
