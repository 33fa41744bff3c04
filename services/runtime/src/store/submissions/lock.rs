//! The lock that every change of a submission takes first.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::submission::Submission;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

/// A submission whose row is locked until the end of the transaction.
pub(in crate::store) struct Locked {
    pub(in crate::store) contest: String,
    pub(in crate::store) machine: Json<Submission>,
    pub(in crate::store) mezzanine_upload: Option<Uuid>,
    pub(in crate::store) traceparent: Option<String>,
    /// By the database's clock, after the lock was obtained.
    pub(in crate::store) at: DateTime<Utc>,
}

/// Every change of a submission, or of a part in a way that changes its submission, takes this lock first.
pub(in crate::store) async fn lock(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<Locked> {
    sqlx::query_as!(
        Locked,
        r#"/* lock_submission */
        with locked as (
            select contest, machine, mezzanine_upload, traceparent from submissions where id = $1 for update
        )
        select contest, machine as "machine: Json<Submission>", mezzanine_upload, traceparent, clock_timestamp() as "at!"
        from locked"#,
        id.0,
    )
    .fetch_optional(tx)
    .await?
    .with_context(|| format!("there is no submission {id}"))
}
