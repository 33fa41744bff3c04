-- no-transaction
-- Probes are for screening, and are most of a fingerprint. A thousand works in each transaction.
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
        update fingerprints set probes = '{}' from submissions
            where fingerprints.submission > done and fingerprints.submission <= last and probes <> '{}'
                and submissions.id = fingerprints.submission and submissions.state = 'published';
        commit;
        done := last;
    end loop;
end
$$;
