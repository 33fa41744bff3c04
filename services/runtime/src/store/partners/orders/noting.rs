//! Notes of staff.
use pipeline::id::SubmissionId;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::store::people::audit::{self, Act};
use crate::store::submissions::history::{self, By};

/// Adds a note of staff to a submission: a line of its history.
pub async fn note(tx: &mut PgConnection, id: SubmissionId, text: &str, by: &By) -> anyhow::Result<()> {
    let detail = json!({ "note": text });
    history::add(tx, id, by, "noted", &detail).await?;
    let act = Act { act: "noted", submission: Some(id), partner: None, before: Value::Null, after: detail };
    audit::add(tx, by, &act).await
}
