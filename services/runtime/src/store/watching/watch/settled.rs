//! How many works and deliveries are in each state. Most have ended: triggers record that when it happens, and the
//! counts are added up, as are the bytes of films (`Store::stock`). The others are counted through indexes.
use anyhow::Context;
use pipeline::delivery::Observed;
use pipeline::submission::State;
use sqlx::PgExecutor;

use super::sample::{Deliveries, Entries, LOOKED_AT, Rejected};
use crate::store::Store;

/// Final states of a work, in which nothing more happens by itself and no person is waited for: those of
/// `submission_is_settled`.
pub(super) const SETTLED: [&str; 4] = ["published", "rejected", "withdrawn", "revoked"];
/// The same for a delivery: those of `delivery_is_settled`.
const SETTLED_DELIVERY: [&str; 3] = ["live", "recalled", "refused"];

fn under_way(names: &[&str], settled: &[&str]) -> Vec<String> {
    names.iter().filter(|name| !settled.contains(name)).map(|name| (*name).to_owned()).collect()
}

/// How many have ended: a row of `settled`.
pub(super) struct Settled {
    /// `submission`, `delivery` or `film`.
    what: String,
    /// The state's name.
    state: String,
    /// The rule's code of a refused work, or the partner of a delivery.
    detail: String,
    count: i64,
}

/// Refused works by the rule that refused them.
pub(super) fn rejected(settled: &[Settled]) -> Vec<Rejected> {
    let refused = settled.iter().filter(|it| it.what == "submission" && it.state == "rejected");
    refused.map(|it| Rejected { rule: it.detail.clone(), count: it.count }).collect()
}

/// Counts of ended work that differ from the tables, as `WHAT STATE DETAIL: DIFFERENCE`. It reads complete tables: for
/// tests, and for checking the figures.
pub async fn miscounted(executor: impl PgExecutor<'_>) -> anyhow::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"/* miscounted */
        select concat(what, ' ', state, ' ', detail, ': ', sum(count)) as "line!" from (
            select what, state, detail, count from settled
            union all
            select what, state, detail, change from settled_changes
            union all
            select 'submission', state,
                case state when 'rejected' then coalesce(machine #>> '{state,reason,code}', 'unknown') else '' end, -1
            from submissions where state = any($1)
            union all
            select 'delivery', state, partner, -1 from deliveries where state = any($2)
            union all
            select 'film', '', '', -submission_film_bytes(mezzanine_bytes, state, held_at) from submissions
        ) as counted
        group by what, state, detail having sum(count) <> 0"#,
        &SETTLED.map(ToOwned::to_owned),
        &SETTLED_DELIVERY.map(ToOwned::to_owned),
    )
    .fetch_all(executor)
    .await
    .context("compare the stored counts of ended works, deliveries and films")
}

impl Store {
    /// Ended work: adds up what changed since the last time, and reads the counts.
    pub(super) async fn settled(&self) -> anyhow::Result<Vec<Settled>> {
        sqlx::query!(
            "/* add_up_settled */
            with gone as (delete from settled_changes returning what, state, detail, change)
            insert into settled (what, state, detail, count)
            select what, state, detail, sum(change) from gone group by what, state, detail
            on conflict (what, state, detail) do update set count = settled.count + excluded.count",
        )
        .execute(self.pool())
        .await
        .context("add up the works, deliveries and films that ended")?;
        sqlx::query_as!(
            Settled,
            "/* settled */ select what, state, detail, count from settled where count > 0 order by what, state, detail",
        )
        .fetch_all(self.pool())
        .await
        .context("read the counts of ended works, deliveries and films")
    }

    pub(super) async fn count_entries(&self, settled: &[Settled]) -> anyhow::Result<Vec<Entries>> {
        let mut entries = sqlx::query_as!(
            Entries,
            r#"/* count_entries */
            with counted as (
                select state, count(*) as count from submissions where state = any($1) group by state
            )
            -- A work changes no earlier than it comes into its state: the one that has not changed for longest is among those that came
            -- first, unless more of them are being worked on at once.
            select state, count as "count!",
                greatest(extract(epoch from clock_timestamp() - oldest.at), 0)::float8 as "oldest_s!", false as "settled!"
            from counted cross join lateral (
                select min(updated_at) as at from (
                    select updated_at from submissions where submissions.state = counted.state order by moved_at nulls first limit $2
                ) as first
            ) as oldest"#,
            &under_way(&State::NAMES, &SETTLED),
            LOOKED_AT,
        )
        .fetch_all(self.pool())
        .await
        .context("count the entries")?;
        for it in settled.iter().filter(|it| it.what == "submission") {
            match entries.iter_mut().find(|entry| entry.state == it.state) {
                Some(entry) => entry.count += it.count,
                None => {
                    entries.push(Entries { state: it.state.clone(), count: it.count, oldest_s: 0.0, settled: true });
                }
            }
        }
        Ok(entries)
    }

    pub(super) async fn count_deliveries(&self, settled: &[Settled]) -> anyhow::Result<Vec<Deliveries>> {
        let mut deliveries = sqlx::query_as!(
            Deliveries,
            r#"/* count_deliveries */
            with recursive partners (partner) as (
                -- Each partner once, by as many steps along the index.
                (select partner from deliveries order by partner limit 1)
                union all
                select (select partner from deliveries where partner > partners.partner order by partner limit 1)
                from partners where partners.partner is not null
            )
            select partners.partner as "partner!", states.state as "state!", counted.count as "count!",
                greatest(extract(epoch from clock_timestamp() - counted.oldest), 0)::float8 as "oldest_s!", false as "settled!"
            from partners cross join unnest($1::text[]) as states (state) cross join lateral (
                select count(*) as count, min(updated_at) as oldest from deliveries
                where partner = partners.partner and state = states.state
            ) as counted
            where counted.count > 0"#,
            &under_way(&Observed::NAMES, &SETTLED_DELIVERY),
        )
        .fetch_all(self.pool())
        .await
        .context("count the deliveries")?;
        let ended = settled.iter().filter(|it| it.what == "delivery").map(|it| Deliveries {
            partner: it.detail.clone(),
            state: it.state.clone(),
            count: it.count,
            oldest_s: 0.0,
            settled: true,
        });
        deliveries.extend(ended);
        Ok(deliveries)
    }
}
