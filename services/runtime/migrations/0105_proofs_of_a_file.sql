-- no-transaction
-- Whether a picture that was uploaded became a proof.
create index concurrently if not exists proofs_by_file on proofs (file_key) where file_key is not null;
