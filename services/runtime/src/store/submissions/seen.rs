//! A submission as an act sees it: locked, with its deliveries and the texts of its form.
use anyhow::Context;
use pipeline::id::{ContestId, SubmissionId};
use pipeline::submission::Submission;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::store::partners::deliveries::{self, DeliveryRow};
use crate::warning::Entry;

/// A submission as an act sees it, with all its deliveries. Its row is locked until the end of the transaction.
pub struct Seen {
    /// Its contest.
    pub contest: ContestId,
    /// Its state.
    pub machine: Submission,
    /// The parts of its form that are sent to partners.
    pub form: FormText,
    /// Its deliveries, by partner.
    pub deliveries: Vec<DeliveryRow>,
}

/// The parts of a form that are sent to partners.
#[derive(Clone, Debug)]
pub struct FormText {
    /// Title.
    pub title: String,
    /// Synopsis.
    pub synopsis: String,
    /// Theme by its id.
    pub theme: String,
}

impl FormText {
    /// The texts, for checking what partners do not accept.
    pub fn entry(&self) -> Entry<'_> {
        Entry { title: &self.title, synopsis: &self.synopsis, theme: &self.theme }
    }
}

/// Locks a submission and reads it with its deliveries. `None` if there is no such submission.
pub async fn seen(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<Option<Seen>> {
    let row = sqlx::query!(
        r#"/* seen_submission */
        select contest, machine as "machine: Json<Submission>", title, synopsis, theme from submissions where id = $1 for update"#,
        id.0,
    )
    .fetch_optional(&mut *tx)
    .await
    .context("lock a submission")?;
    let Some(row) = row else { return Ok(None) };
    let deliveries = deliveries::of(tx, id).await?;
    let form = FormText { title: row.title, synopsis: row.synopsis, theme: row.theme };
    Ok(Some(Seen { contest: ContestId::new(row.contest), machine: row.machine.0, form, deliveries }))
}
