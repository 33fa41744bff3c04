//! How long a delivery took that has just ended.
use anyhow::Context;
use pipeline::id::{PartnerId, SubmissionId};

use crate::store::Store;

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

impl Store {
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
        .with_context(|| format!("read the state of the delivery of {submission} to {partner}"))
    }
}
