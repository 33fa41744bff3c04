//! What is counted through indexes: uploads, remaining work, entries of contests, overdue recalls.
use anyhow::Context;

use super::sample::{AT_WORK, Contest, Entries, LOOKED_AT, Uploads, Work};
use crate::store::Store;

/// The assumed work of an entry without a plan, if no plan was ever made: a minute of full HD with the ladders of the
/// built-in catalogue.
const UNPLANNED_WORK_S: f64 = 540.0;

impl Store {
    pub(super) async fn count_uploads(&self) -> anyhow::Result<Vec<Uploads>> {
        sqlx::query_as!(
            Uploads,
            r#"/* count_uploads */
            select 'open' as "state!", count(*) as "count!" from uploads where state = 'open'
            union all
            select 'assembling', count(*) from uploads where state = 'assembling'"#,
        )
        .fetch_all(self.pool())
        .await
        .context("count the uploads")
    }

    /// The remaining work of an entry is the estimate of its plan, less the finished share. For one without a plan, it
    /// is that of the latest ones.
    pub(super) async fn sum_backlog(&self, entries: &[Entries]) -> anyhow::Result<Vec<Work>> {
        let states: Vec<String> = AT_WORK.into_iter().map(ToOwned::to_owned).collect();
        let rows = sqlx::query!(
            r#"/* mean_backlog */
            with usual as (
                select coalesce(avg(work_s), $1) as work_s
                from (select work_s from estimates order by submission desc limit 200) as last
            )
            select states.state as "state!", looked.mean_s as "mean_s!"
            from unnest($2::text[]) as states (state) cross join usual cross join lateral (
                -- Looked up one by one, since there are at most $3 of them and joins might read all.
                select avg(
                    coalesce((select work_s from estimates e where e.submission = s.id and e.run = s.run), usual.work_s)
                    * (1 - coalesce((select done from progress p where p.submission = s.id and p.run = s.run), 0))) as mean_s
                from (select id, run from submissions where state = states.state order by id desc limit $3) as s
            ) as looked
            where looked.mean_s is not null"#,
            UNPLANNED_WORK_S,
            &states,
            LOOKED_AT,
        )
        .fetch_all(self.pool())
        .await
        .context("look at the backlog")?;
        let count = |state: &str| entries.iter().find(|it| it.state == state).map_or(0, |it| it.count);
        let work = rows.into_iter().map(|row| Work { work_s: row.mean_s * count(&row.state) as f64, state: row.state });
        Ok(work.collect())
    }

    pub(super) async fn count_contests(&self) -> anyhow::Result<Vec<Contest>> {
        sqlx::query_as!(
            Contest,
            r#"/* count_contests */
            select contest, count(*) as "count!" from submissions
            where state in ('probe', 'screen', 'transcode', 'assemble', 'publish') group by contest"#,
        )
        .fetch_all(self.pool())
        .await
        .context("count the entries of contests")
    }

    pub(super) async fn count_overdue(&self) -> anyhow::Result<i64> {
        sqlx::query_scalar!(
            r#"/* count_overdue_recalls */
            select count(*) as "count!" from deliveries
            where recall_due < statement_timestamp() and state not in ('recalled', 'refused')"#,
        )
        .fetch_one(self.pool())
        .await
        .context("count overdue recalls")
    }

    pub(super) async fn database_bytes(&self) -> anyhow::Result<i64> {
        sqlx::query_scalar!(r#"/* database_bytes */ select pg_database_size(current_database()) as "bytes!""#)
            .fetch_one(self.pool())
            .await
            .context("ask for the database's size")
    }
}
