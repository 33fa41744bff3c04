//! Pauses, resumes and cancels a job.
use pipeline::id::ContestId;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::people::audit::{self, Act};
use crate::store::submissions::history::By;

/// A person's order to a whole job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Start no more works, until resumed.
    Pause,
    /// Continue.
    Resume,
    /// Start no more works, ever.
    Cancel,
}

/// Pauses, resumes or cancels a job. Returns whether that changed anything; `None` if there is no such job. Works that
/// have started continue.
pub async fn control(tx: &mut PgConnection, job: Uuid, control: Control, by: &By) -> anyhow::Result<Option<bool>> {
    let (to, from): (&str, &[&str]) = match control {
        Control::Pause => ("paused", &["running"]),
        Control::Resume => ("running", &["paused"]),
        Control::Cancel => ("cancelled", &["running", "paused"]),
    };
    let from: Vec<String> = from.iter().map(|state| (*state).to_owned()).collect();
    let row = sqlx::query!("/* lock_bulk_job */ select state, contest from bulk_jobs where id = $1 for update", job)
        .fetch_optional(&mut *tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    if !from.contains(&row.state) {
        return Ok(Some(false));
    }
    sqlx::query!(
        "/* control_bulk_job */
                    update bulk_jobs set state = $2, changed_at = clock_timestamp() where id = $1",
        job,
        to,
    )
    .execute(&mut *tx)
    .await?;
    if control == Control::Cancel {
        cancel_waiting(tx, job).await?;
    }
    let (before, after) = (json!({ "job": job, "state": row.state }), json!({ "job": job, "state": to }));
    let act = Act { act: "bulk_job_changed", submission: None, partner: None, before, after };
    audit::add_about(tx, by, &act, row.contest.map(ContestId::new).as_ref()).await?;
    Ok(Some(true))
}

async fn cancel_waiting(tx: &mut PgConnection, job: Uuid) -> anyhow::Result<()> {
    sqlx::query!(
        "/* cancel_bulk_items */
        update bulk_items set state = 'cancelled', why = 'job_cancelled', changed_at = clock_timestamp()
        where job = $1 and state = 'waiting'",
        job,
    )
    .execute(tx)
    .await?;
    Ok(())
}
