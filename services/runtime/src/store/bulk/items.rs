//! The works of a job, one row each: locked, skipped, added, and ended as their runs end.
use anyhow::Context;
use pipeline::id::SubmissionId;
use pipeline::submission::{Phase, State, Submission};
use sqlx::PgConnection;
use uuid::Uuid;

/// Locks a submission before any decision about it; returns the name of its state, or `None` if there is none with this
/// id.
pub(super) async fn lock(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<Option<String>> {
    sqlx::query_scalar!("/* lock_work */ select state from submissions where id = $1 for update", submission.0)
        .fetch_optional(tx)
        .await
        .context("lock the submission")
}

/// Records why nothing was started.
pub(super) async fn skip(
    tx: &mut PgConnection,
    job: Uuid,
    submission: SubmissionId,
    why: &str,
    detail: &str,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* skip_bulk_item */
        update bulk_items set state = 'skipped', run = null, why = $3, detail = $4, changed_at = clock_timestamp()
        where job = $1 and submission = $2",
        job,
        submission.0,
        why,
        detail,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Adds a work whose run has already started.
pub(super) async fn insert_started(
    tx: &mut PgConnection,
    job: Uuid,
    submission: SubmissionId,
    machine: &Submission,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* add_started_bulk_item */
        insert into bulk_items (job, submission, state, run) values ($1, $2, 'started', $3)",
        job,
        submission.0,
        machine.run as i32,
    )
    .execute(&mut *tx)
    .await
    .context("add the work to the job")?;
    follow(tx, submission, machine).await
}

/// The result of an item whose run has reached the state in `machine`: columns of `bulk_items`.
pub(in crate::store) struct ItemState {
    pub(in crate::store) state: &'static str,
    pub(in crate::store) why: Option<&'static str>,
    pub(in crate::store) detail: Option<&'static str>,
}

impl ItemState {
    pub(in crate::store) fn of(machine: &Submission) -> Self {
        let name = machine.state.name();
        let item = |state, why| Self { state, why, detail: None };
        match machine.state.phase() {
            Phase::Arriving | Phase::Checking | Phase::Making | Phase::Publishing => item("started", None),
            Phase::Review | Phase::Release => item("done", Some(name)),
            Phase::Published => item("done", None),
            Phase::Rejected => Self { detail: code(machine), ..item("failed", Some("rejected")) },
            Phase::TakenBack => Self { detail: Some(name), ..item("cancelled", Some("taken_back")) },
        }
    }
}

/// The code of the reason for which a work was refused.
fn code(machine: &Submission) -> Option<&'static str> {
    let State::Rejected { reason, .. } = &machine.state else { return None };
    Some(reason.code())
}

/// Ends the item whose run succeeded, was refused, or had been superseded by the time it was added.
async fn follow(tx: &mut PgConnection, submission: SubmissionId, machine: &Submission) -> anyhow::Result<()> {
    let ItemState { state, why, detail } = ItemState::of(machine);
    sqlx::query!(
        "/* follow_bulk_item */
        update bulk_items set changed_at = clock_timestamp(),
            state = case when run < $2 then 'cancelled' else $3 end,
            why = case when run < $2 then 'overtaken' else $4 end,
            detail = case when run < $2 then 'run ' || $2 else $5 end
        where submission = $1 and state = 'started' and (run < $2 or $3 <> 'started')",
        submission.0,
        machine.run as i32,
        state,
        why,
        detail,
    )
    .execute(tx)
    .await
    .context("follow the bulk item")?;
    Ok(())
}
