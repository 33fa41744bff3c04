//! The estimated work for the files of works, by their plans: stored with the plan, deleted when the work has ended.
use anyhow::Context;
use pipeline::id::SubmissionId;
use pipeline::media_info::MediaInfo;
use pipeline::planner::Estimate;
use pipeline::rendition::Plan;
use pipeline::stage::Stage;
use pipeline::submission::{State, Submission};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::settled::SETTLED;

/// Stores the estimate of a plan, in the transaction that stores the plan.
pub(in crate::store) async fn estimate(
    tx: &mut PgConnection,
    submission: SubmissionId,
    run: u32,
    plan: &Plan,
    media_info: &MediaInfo,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* keep_estimate */
        insert into estimates (submission, run, work_s) values ($1, $2, $3)
        on conflict (submission) do update set run = excluded.run, work_s = excluded.work_s",
        submission.0,
        run as i32,
        Estimate::of(plan, media_info).cpu_s(),
    )
    .execute(tx)
    .await
    .with_context(|| format!("keep what {submission} is estimated to take"))?;
    Ok(())
}

/// A submission changed its state. An ended one has no estimate any more, and a run that starts after the screening
/// takes the estimate of the plan that it keeps.
pub(in crate::store) async fn follow(
    tx: &mut PgConnection,
    submission: SubmissionId,
    before: &Submission,
    after: &Submission,
) -> anyhow::Result<()> {
    if SETTLED.contains(&after.state.name()) {
        return forget(tx, submission).await;
    }
    let is_planned = matches!(&after.state, State::At { stage: Stage::Transcode | Stage::Assemble, .. });
    if after.run == before.run || !is_planned {
        return Ok(());
    }
    let row = sqlx::query!(
        r#"/* plan_to_estimate */
        select plan as "plan: Json<Plan>", media_info as "media_info: Json<MediaInfo>" from submissions where id = $1"#,
        submission.0,
    )
    .fetch_one(&mut *tx)
    .await
    .with_context(|| format!("read the plan of {submission}"))?;
    match row.plan.zip(row.media_info) {
        Some((plan, info)) => estimate(tx, submission, after.run, &plan.0, &info.0).await,
        None => Ok(()),
    }
}

/// Deletes estimate and progress of a work that has ended.
async fn forget(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!(
        "/* forget_estimate */
        with told as (delete from progress where submission = $1)
        delete from estimates where submission = $1",
        submission.0,
    )
    .execute(tx)
    .await
    .with_context(|| format!("forget what {submission} was estimated to take"))?;
    Ok(())
}
