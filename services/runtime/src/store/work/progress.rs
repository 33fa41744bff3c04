//! The progress of entries: measured from time to time while parts run, published on the events exchange, and read by
//! viewers. The arithmetic is in `pipeline::progress`; here are the rows, the limit on how often it is measured, and
//! the value below which progress never falls.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::media_info::MediaInfo;
use pipeline::planner::Estimate;
use pipeline::progress::{self, PartAt, Reached};
use pipeline::rendition::Plan;
use pipeline::stage::Stage;
use pipeline::submission::Submission;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::store::Store;
use crate::store::outgoing::messages;
use crate::{telemetry, wire};

/// How often an entry's progress is measured within the duration of a lease, however many work on it: every three
/// seconds with usual leases. That is often enough for people, and little compared with the database load of the work
/// itself.
const LOOKS_A_LEASE: u32 = 10;

/// An entry's plan, rows and clock at one time.
struct Look {
    contest: String,
    machine: Submission,
    reached: Reached,
}

impl Store {
    /// The current progress of an entry; `None` if there is none with this id.
    pub async fn progress(&self, submission: SubmissionId) -> anyhow::Result<Option<Reached>> {
        let mut connection = self.pool().acquire().await.context("read the progress")?;
        let Some(Look { machine, reached, .. }) = look(&mut connection, submission).await? else { return Ok(None) };
        let published = sqlx::query_scalar!(
            "/* told_progress */ select done from progress where submission = $1 and run = $2",
            submission.0,
            machine.run as i32,
        )
        .fetch_optional(&mut *connection)
        .await
        .context("read the published progress")?;
        Ok(Some(Reached { done: reached.done.max(published.unwrap_or(0.0)), ..reached }))
    }

    /// Measures and publishes an entry's progress, unless that was done a moment ago.
    pub(crate) async fn tell_progress(&self, submission: SubmissionId, run: u32) -> anyhow::Result<()> {
        // Most calls end here, with a statement that changes nothing and needs no transaction.
        let turn = sqlx::query!(
            "/* turn_at_progress */
            insert into progress as told (submission, run, done, at) values ($1, $2, 0, clock_timestamp())
            on conflict (submission) do update set at = clock_timestamp(), run = $2, remaining_s = null,
                done = case when told.run = $2 then told.done else 0 end
                where told.run < $2 or told.run = $2 and told.at <= clock_timestamp() - make_interval(secs => $3)",
            submission.0,
            run as i32,
            (self.policy().lease / LOOKS_A_LEASE).as_secs_f64(),
        )
        .execute(self.pool())
        .await
        .with_context(|| format!("take the turn at the progress of {submission}"))?;
        if turn.rows_affected() == 0 {
            return Ok(());
        }
        self.transaction("tell_progress", |tx, _| {
            Box::pin(async move {
                let Some(Look { contest, machine, reached }) = look(tx, submission).await? else { return Ok(()) };
                if machine.run == run { tell(tx, submission, &contest, run, reached).await } else { Ok(()) }
            })
        })
        .await
    }
}

/// The run's renditions are all finished: publishes that, whether or not its progress was ever measured. `at` is the
/// time of the event, by the database's clock.
pub(in crate::store) async fn end(
    tx: &mut PgConnection,
    submission: SubmissionId,
    contest: &str,
    run: u32,
    at: DateTime<Utc>,
) -> anyhow::Result<()> {
    let traceparent = telemetry::current_traceparent();
    let message = wire::submission_progressed(submission, contest, run, Reached::END, at, traceparent);
    // No value of the same run is above the last one, so the message is known before the row is.
    sqlx::query!(
        "/* end_progress */
        with ended as (
            insert into progress as told (submission, run, done, remaining_s, at) values ($1, $2, $3, $4, $5)
            on conflict (submission) do update set run = $2, done = $3, remaining_s = $4, at = $5 where told.run <= $2
            returning submission
        )
        insert into outbox (exchange, routing_key, kind, body, headers) select $6, $7, $8, $9, $10 from ended",
        submission.0,
        run as i32,
        Reached::END.done,
        Reached::END.remaining_s,
        at,
        message.exchange,
        message.routing_key,
        message.kind,
        message.body,
        serde_json::to_value(&message.headers)?,
    )
    .execute(tx)
    .await
    .context("write the end of the progress")?;
    Ok(())
}

/// Stores the progress, never below an earlier value of this run, and adds the event to the outbox.
async fn tell(
    tx: &mut PgConnection,
    submission: SubmissionId,
    contest: &str,
    run: u32,
    reached: Reached,
) -> anyhow::Result<()> {
    let stored = sqlx::query!(
        "/* tell_progress */
        insert into progress as told (submission, run, done, remaining_s, at) values ($1, $2, $3, $4, clock_timestamp())
        on conflict (submission) do update set run = $2, remaining_s = $4, at = clock_timestamp(),
            done = case when told.run = $2 then greatest(told.done, $3) else $3 end where told.run <= $2
        returning done, at",
        submission.0,
        run as i32,
        reached.done,
        reached.remaining_s,
    )
    .fetch_optional(&mut *tx)
    .await
    .context("write the progress")?;
    let Some(stored) = stored else { return Ok(()) };
    let reached = Reached { done: stored.done, ..reached };
    let traceparent = telemetry::current_traceparent();
    messages::add(tx, &[wire::submission_progressed(submission, contest, run, reached, stored.at, traceparent)]).await
}

async fn look(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<Option<Look>> {
    let row = sqlx::query!(
        r#"/* work_to_look_at */
        select contest, machine as "machine: Json<Submission>", plan as "plan: Json<Plan>",
            media_info as "media_info: Json<MediaInfo>"
        from submissions where id = $1"#,
        submission.0,
    )
    .fetch_optional(&mut *tx)
    .await
    .with_context(|| format!("look how far {submission} is"))?;
    let Some(row) = row else { return Ok(None) };
    let machine = row.machine.0;
    let (parts, elapsed_s) = parts(tx, submission, &machine).await?;
    let estimate = row.plan.zip(row.media_info).map(|(plan, info)| Estimate::of(&plan.0, &info.0));
    let reached = progress::reached(&machine, estimate.as_ref(), &parts, elapsed_s);
    Ok(Some(Look { contest: row.contest, machine, reached }))
}

/// The run's parts, and how many seconds its present phase has lasted: the probe, or what follows the review.
async fn parts(
    tx: &mut PgConnection,
    submission: SubmissionId,
    machine: &Submission,
) -> anyhow::Result<(Vec<PartAt>, f64)> {
    let rows = sqlx::query!(
        r#"/* parts_to_look_at */
        select stage, part, case when status = 'done' then 1 else progress end::float8 as "done!",
            coalesce(extract(epoch from coalesce(finished_at, clock_timestamp()) - started_at), 0)::float8 as "elapsed_s!",
            coalesce(extract(epoch from clock_timestamp() - started_at), 0)::float8 as "begun_s_ago!"
        from parts where submission = $1 and run = $2 and stage <> 'publish'"#,
        submission.0,
        machine.run as i32,
    )
    .fetch_all(&mut *tx)
    .await
    .with_context(|| format!("look at the parts of {submission}"))?;
    let mut parts = Vec::new();
    let (mut probe_s, mut making_s) = (0.0_f64, 0.0_f64);
    for row in rows {
        let (stage, part) = (row.stage.parse()?, row.part.parse()?);
        let leg = match stage {
            Stage::Probe | Stage::Screen => &mut probe_s,
            Stage::Transcode | Stage::Assemble | Stage::Publish => &mut making_s,
        };
        *leg = leg.max(row.begun_s_ago);
        parts.push(PartAt { stage, part, done: row.done, elapsed_s: row.elapsed_s });
    }
    // The later phase is the present one as soon as it has started.
    let elapsed_s = if making_s > 0.0 { making_s } else { probe_s };
    Ok((parts, elapsed_s))
}
