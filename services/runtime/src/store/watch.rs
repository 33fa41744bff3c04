//! Figures of the whole installation: computed by one process every few seconds, served by all. Their cost does not
//! grow with ended work: works and deliveries are counted when they end (`settled`), the others through indexes. The
//! work for an entry's files is estimated once, with its plan.
use std::time::Duration;

use anyhow::Context;
use pipeline::id::{PartnerId, SubmissionId};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::Store;
use super::parts::QueueRow;

mod estimates;
mod standing;

pub(super) use estimates::{estimate, follow};
pub use standing::miscounted;

/// Name of the sample, and of the turn at taking it.
const NAME: &str = "installation";
/// Entries in one state whose remaining work is read. If there are more, the others are assumed to need as much.
const LOOKED_AT: i64 = 1_000;
/// The assumed work of an entry without a plan, if no plan was ever made: a minute of full HD with the ladders of the
/// built-in catalogue.
const UNPLANNED_WORK_S: f64 = 540.0;

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// By state.
    pub entries: Vec<Entries>,
    /// Refused ones by rule.
    pub rejected: Vec<Rejected>,
    /// By partner and state.
    pub deliveries: Vec<Deliveries>,
    /// Uploads that have not ended, by state.
    pub uploads: Vec<Uploads>,
    /// Parts that are not final, by stage and status.
    #[serde(default)]
    pub queues: Vec<QueueRow>,
    /// The remaining work, by state.
    pub backlog: Vec<Work>,
    /// By contest: entries that machines and partners still work on.
    #[serde(default)]
    pub contests: Vec<Contest>,
    /// Overdue recalls.
    pub recalls_overdue: i64,
    /// Size of the database.
    pub database_bytes: i64,
}

/// Entries in one state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entries {
    /// The state's name.
    pub state: String,
    /// How many.
    pub count: i64,
    /// Seconds since the least recent change of one of them.
    pub oldest_s: f64,
    /// Whether this is a final state: nothing more happens by itself, and no person is waited for.
    pub settled: bool,
}

/// Entries that one rule refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejected {
    /// The rejection's code.
    pub rule: String,
    /// How many.
    pub count: i64,
}

/// Deliveries of one partner in one state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deliveries {
    /// The partner's id.
    pub partner: String,
    /// The observed state's name.
    pub state: String,
    /// How many.
    pub count: i64,
    /// How long the oldest has been in this state, seconds.
    pub oldest_s: f64,
    /// Whether that state is final.
    pub settled: bool,
}

/// Uploads in one state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Uploads {
    /// `open` or `assembling`.
    pub state: String,
    /// How many.
    pub count: i64,
}

/// The remaining work of entries in one state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// The state's name.
    pub state: String,
    /// Seconds of one core.
    pub work_s: f64,
}

/// Entries in progress of one contest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contest {
    /// The contest's id.
    pub contest: String,
    /// How many are with a machine or on their way to partners, without those that wait for a reviewer or for their
    /// release.
    pub count: i64,
}

/// A delivery that has just ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Landed {
    /// The observed state's name.
    pub state: String,
    /// Seconds since the run's first part was created: since the upload was complete, or since the later run started.
    pub since_s: f64,
    /// Length of the work, seconds.
    pub media_s: f64,
}

/// States in which machines, or a reviewer before them, still have work on an entry.
pub(crate) const AT_WORK: [&str; 5] = ["probe", "screen", "awaiting_review", "transcode", "assemble"];

impl Store {
    /// Takes a new sample if no process has within `every`. Returns whether it did.
    pub async fn sample(&self, every: Duration) -> anyhow::Result<bool> {
        if !self.take_turn("sample_installation", every).await? {
            return Ok(false);
        }
        let settled = self.settled().await?;
        let entries = self.count_entries(&settled).await?;
        let sample = Sample {
            rejected: standing::rejected(&settled),
            deliveries: self.count_deliveries(&settled).await?,
            uploads: self.count_uploads().await?,
            queues: self.queues().await?,
            backlog: self.sum_backlog(&entries).await?,
            entries,
            contests: self.count_contests().await?,
            recalls_overdue: self.count_overdue().await?,
            database_bytes: self.database_bytes().await?,
        };
        sqlx::query!(
            "/* keep_sample */
            insert into samples (name, taken_at, body) values ($1, clock_timestamp(), $2)
            on conflict (name) do update set taken_at = clock_timestamp(), body = excluded.body",
            NAME,
            Json(&sample) as _,
        )
        .execute(self.pool())
        .await
        .context("keep a sample")?;
        Ok(true)
    }

    /// The last sample and its age in seconds; `None` before the first.
    pub async fn last_sample(&self) -> anyhow::Result<Option<(Sample, f64)>> {
        let row = sqlx::query!(
            r#"/* last_sample */
            select body as "body: Json<Sample>", extract(epoch from clock_timestamp() - taken_at)::float8 as "age_s!"
            from samples where name = $1"#,
            NAME,
        )
        .fetch_optional(self.pool())
        .await
        .context("read the last sample")?;
        Ok(row.map(|row| (row.body.0, row.age_s)))
    }

    /// The state of a delivery that a publish job has just finished, and how long it took.
    pub async fn landed(
        &self,
        submission: SubmissionId,
        run: u32,
        partner: &PartnerId,
    ) -> anyhow::Result<Option<Landed>> {
        sqlx::query_as!(
            Landed,
            r#"/* landed */
            select d.state,
                extract(epoch from clock_timestamp() - (
                    select min(created_at) from parts where submission = $1 and run = $2))::float8 as "since_s!",
                coalesce((select max(duration_ms) from renditions where submission = $1 and in_force), 0)::float8 / 1000
                    as "media_s!"
            from deliveries d where d.submission = $1 and d.partner = $3"#,
            submission.0,
            run as i32,
            partner.as_str(),
        )
        .fetch_optional(self.pool())
        .await
        .with_context(|| format!("look where the delivery of {submission} to {partner} stands"))
    }

    async fn count_uploads(&self) -> anyhow::Result<Vec<Uploads>> {
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
    async fn sum_backlog(&self, entries: &[Entries]) -> anyhow::Result<Vec<Work>> {
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

    async fn count_contests(&self) -> anyhow::Result<Vec<Contest>> {
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

    async fn count_overdue(&self) -> anyhow::Result<i64> {
        sqlx::query_scalar!(
            r#"/* count_overdue_recalls */
            select count(*) as "count!" from deliveries
            where recall_due < statement_timestamp() and state not in ('recalled', 'refused')"#,
        )
        .fetch_one(self.pool())
        .await
        .context("count overdue recalls")
    }

    async fn database_bytes(&self) -> anyhow::Result<i64> {
        sqlx::query_scalar!(r#"/* database_bytes */ select pg_database_size(current_database()) as "bytes!""#)
            .fetch_one(self.pool())
            .await
            .context("ask for the database's size")
    }
}
