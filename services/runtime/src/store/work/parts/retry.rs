//! An operator's "try again" for parked parts.
use pipeline::id::SubmissionId;
use pipeline::part::PartToDo;
use pipeline::stage::Stage;
use sqlx::PgConnection;

use crate::store::Store;
use crate::store::outgoing::messages;
use crate::store::people::audit::{self, Act};
use crate::store::submissions::history::{self, By};

impl Store {
    /// An operator's "try again" in a separate transaction. See [`retry`].
    pub async fn retry(
        &self,
        submission: SubmissionId,
        part: Option<&PartToDo>,
        by: impl Into<By>,
    ) -> anyhow::Result<usize> {
        let by = &by.into();
        self.transaction("retry_parts", |tx, _| Box::pin(async move { retry(tx, submission, part, by).await })).await
    }
}

/// An operator's "try again": parked and waiting parts become pending with no attempts counted. `part` restricts it to
/// one. Returns how many.
pub async fn retry(
    tx: &mut PgConnection,
    submission: SubmissionId,
    part: Option<&PartToDo>,
    by: &By,
) -> anyhow::Result<usize> {
    let unparked = unpark(tx, submission, part).await?;
    let stages: Vec<Stage> = unparked.iter().map(|stage| stage.parse()).collect::<Result<_, _>>()?;
    messages::add_hints(tx, stages.iter().copied()).await?;
    if stages.is_empty() {
        return Ok(0);
    }
    let only = part.map(|todo| format!("{}/{}", todo.stage, todo.part));
    let after = serde_json::json!({ "parts": stages.len(), "only": only });
    history::add(tx, submission, by, "retried", &after).await?;
    let before = serde_json::json!({});
    audit::add(tx, by, &Act { act: "retried", submission: Some(submission), partner: None, before, after }).await?;
    Ok(stages.len())
}

async fn unpark(
    tx: &mut PgConnection,
    submission: SubmissionId,
    part: Option<&PartToDo>,
) -> anyhow::Result<Vec<String>> {
    let stages = sqlx::query_scalar!(
        "/* unpark_parts */
        update parts set status = 'pending', attempt = 0, not_before = clock_timestamp()
        where submission = $1 and status in ('parked', 'waiting')
            and ($2::text is null or stage = $2) and ($3::text is null or part = $3)
        returning stage",
        submission.0,
        part.map(|todo| todo.stage.name()),
        part.map(|todo| todo.part.to_string()),
    )
    .fetch_all(tx)
    .await?;
    Ok(stages)
}
