-- no-transaction
-- The words of works that have seats, a thousand works in each transaction.
do $$
declare
    done uuid := '00000000-0000-0000-0000-000000000000';
    last uuid;
begin
    loop
        select submission into last from (
            select submission from fingerprints where submission > done order by submission limit 1000
        ) as chunk order by submission desc limit 1;
        exit when not found;
        insert into fingerprint_words (submission, words)
            select submission, array(select token # contest_salt(contest) from unnest(tokens) as token)
            from fingerprints where submission > done and submission <= last and seat is not null
            on conflict do nothing;
        commit;
        done := last;
    end loop;
end
$$;
