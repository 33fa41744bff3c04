//! Stores a submission that was just entered.
use anyhow::Context;
use pipeline::id::{ContestId, SubmissionId};
use pipeline::receipt::Receipt;
use pipeline::submission::Submission;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::store::submissions::history::{self, By};
use crate::telemetry;

/// What an entrant submits, without personal data.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    /// Its id, a UUID v7.
    pub id: SubmissionId,
    /// The number of its receipt.
    pub receipt: Receipt,
    /// The contest.
    pub contest: ContestId,
    /// Its initial state: `Submission::new(gates)`.
    pub machine: Submission,
    /// Title.
    pub title: String,
    /// Theme.
    pub theme: String,
    /// Synopsis.
    pub synopsis: String,
    /// The organisation that recommends it.
    pub recommending_unit: String,
    /// Declarations.
    pub declarations: serde_json::Value,
    /// SHA-256 of the entrant's token.
    pub token_sha256: Vec<u8>,
}

/// Stores a new submission and its first line of history. `false` if one with this id exists already: nothing is
/// stored.
pub async fn create(tx: &mut PgConnection, new: &NewSubmission) -> anyhow::Result<bool> {
    let by = By::ENTRANT;
    let stored = sqlx::query!(
        "/* create_submission */
        with stored as (
            insert into submissions (id, receipt, contest, machine, state, run, title, theme, synopsis, recommending_unit, declarations,
                token_sha256, traceparent)
            values ($1, $13, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            on conflict (id) do nothing returning id
        )
        insert into history (submission, at, actor, what, detail) select id, clock_timestamp(), $14, 'entered', $15 from stored",
        new.id.0,
        new.contest.as_str(),
        Json(&new.machine) as _,
        new.machine.state.name(),
        new.machine.run as i32,
        new.title,
        new.theme,
        new.synopsis,
        new.recommending_unit,
        new.declarations,
        new.token_sha256,
        telemetry::current_traceparent(),
        new.receipt.as_str(),
        by.actor.to_string(),
        history::signed(&by, &serde_json::json!({})),
    )
    .execute(tx)
    .await
    .context("store the submission")?;
    Ok(stored.rows_affected() == 1)
}
