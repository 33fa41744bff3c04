//! Figures of the whole installation: computed by one process every few seconds, served by all. Their cost does not
//! grow with ended work: works and deliveries are counted when they end (`settled`), the others through indexes. The
//! work for an entry's files is estimated once, with its plan.
//!
//! | what | where |
//! |---|---|
//! | what a sample has | `sample` |
//! | how many works and deliveries are in each state | `settled` |
//! | other counts | `counts` |
//! | the estimated work of an entry | `estimates` |
//! | how long a delivery took | `landed` |
use std::time::Duration;

use anyhow::Context;
use sqlx::types::Json;

use crate::store::Store;

mod counts;
mod estimates;
mod landed;
mod sample;
mod settled;

pub(in crate::store) use estimates::{estimate, follow};
pub use landed::Landed;
pub(crate) use sample::AT_WORK;
pub use sample::{Contest, Deliveries, Entries, Rejected, Sample, Uploads, Work};
pub use settled::miscounted;

/// Name of the sample, and of the turn at taking it.
const NAME: &str = "installation";

impl Store {
    /// Takes a new sample if no process has within `every`. Returns whether it did.
    pub async fn sample(&self, every: Duration) -> anyhow::Result<bool> {
        if !self.take_turn("sample_installation", every).await? {
            return Ok(false);
        }
        let settled = self.settled().await?;
        let entries = self.count_entries(&settled).await?;
        let sample = Sample {
            rejected: settled::rejected(&settled),
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
}
