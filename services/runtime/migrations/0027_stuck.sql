-- The reconciler looks for deliveries that nobody works on. Settled ones, which are nearly all, are in no index for it, and neither
-- are those that wait for a person alone.
create index deliveries_unsettled on deliveries (submission)
    where machine ->> 'desired' = 'gone' and state not in ('recalled', 'refused')
        or machine ->> 'desired' = 'live' and state not in ('live', 'refused', 'awaiting_operator');
