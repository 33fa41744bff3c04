//! What people saw at a partner, with a picture if there is one: the evidence for deliveries and recalls by hand.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::delivery::{DeliveryEvent, Receipt};
use pipeline::id::{PartnerId, SubmissionId};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::deliveries;
use crate::objects::StoredFile;
use crate::store::Store;
use crate::store::people::audit::{self, Act};
use crate::store::submissions::history::{self, By};

/// What it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// The work is online there.
    Live,
    /// The work is no longer online there.
    Gone,
}

impl Shows {
    /// Both.
    pub const ALL: [Shows; 2] = [Shows::Live, Shows::Gone];

    /// Its value in the database.
    pub fn name(self) -> &'static str {
        match self {
            Shows::Live => "live",
            Shows::Gone => "gone",
        }
    }
}

/// A report of a person.
#[derive(Clone, Debug)]
pub struct NewProof {
    /// A UUID v7.
    pub id: Uuid,
    /// The work.
    pub submission: SubmissionId,
    /// The partner.
    pub partner: PartnerId,
    /// What was seen.
    pub shows: Shows,
    /// The time.
    pub seen_at: DateTime<Utc>,
    /// The address.
    pub public_url: Option<String>,
    /// In the person's words.
    pub words: Option<String>,
    /// The picture.
    pub file: Option<StoredFile>,
    /// Gone, although the address still answers.
    pub insists: bool,
}

/// A report for readers.
#[derive(Clone, Debug, Serialize)]
pub struct ProofRow {
    /// Its id.
    pub id: Uuid,
    /// The partner.
    pub partner: String,
    /// `live` or `gone`.
    pub shows: String,
    /// When it was seen.
    pub seen_at: DateTime<Utc>,
    /// The address.
    pub public_url: Option<String>,
    /// In the person's words.
    pub words: Option<String>,
    /// Key of the picture.
    pub file_key: Option<String>,
    /// Gone, although the address still answers.
    pub insists: bool,
    /// The answer of the address to our own request.
    pub probe: Option<Value>,
    /// Who reported.
    pub by_whom: String,
    /// When it was reported.
    pub at: DateTime<Utc>,
}

impl Store {
    /// A person's report. See [`add`].
    pub async fn add_proof(
        &self,
        proof: &NewProof,
        receipt: Option<&Receipt>,
        by: impl Into<By>,
    ) -> anyhow::Result<()> {
        let by = &by.into();
        self.transaction("add_proof", |tx, _| Box::pin(async move { add(tx, proof, receipt, by).await })).await
    }

    /// The reports about a work, oldest first; at one partner or at all.
    pub async fn proofs(&self, submission: SubmissionId, partner: Option<&PartnerId>) -> anyhow::Result<Vec<ProofRow>> {
        sqlx::query_as!(
            ProofRow,
            "/* proofs */
            select id, partner, shows, seen_at, public_url, words, file_key, insists, probe, by_whom, at from proofs
            where submission = $1 and ($2::text is null or partner = $2) order by id limit 1000",
            submission.0,
            partner.map(PartnerId::as_str),
        )
        .fetch_all(self.pool())
        .await
        .context("load what people saw")
    }

    /// Records the picture of a refused report as garbage, unless another report uses it.
    pub async fn note_unproven(&self, key: &str) -> anyhow::Result<()> {
        sqlx::query!(
            "/* note_unproven */
            insert into garbage (prefix, single, due) select $1, true, clock_timestamp() + make_interval(secs => $2)
            where not exists (select from proofs where file_key = $1)",
            key,
            self.policy().garbage_delay.as_secs_f64(),
        )
        .execute(self.pool())
        .await
        .with_context(|| format!("note {key} as garbage"))?;
        Ok(())
    }

    /// Stores the public address's answer to our own request.
    pub async fn note_probe(&self, id: Uuid, probe: &Value) -> anyhow::Result<()> {
        sqlx::query!("/* note_probe */ update proofs set probe = $2 where id = $1", id, probe)
            .execute(self.pool())
            .await
            .context("note what a public address answers")?;
        Ok(())
    }
}

/// Stores a person's report within the caller's transaction. A work that was seen live is live from now on. One that
/// was seen to be gone is gone once the publish stage, which this wakes, has checked the public address too.
pub async fn add(tx: &mut PgConnection, proof: &NewProof, receipt: Option<&Receipt>, by: &By) -> anyhow::Result<()> {
    let file = proof.file.as_ref();
    let sha256 = file.map(|file| hex::decode(&file.sha256)).transpose().context("the picture's digest is no hex")?;
    sqlx::query!(
        "/* add_proof */
        insert into proofs (id, submission, partner, shows, seen_at, public_url, words, file_key, file_bytes, file_sha256,
            insists, by_whom)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        proof.id,
        proof.submission.0,
        proof.partner.as_str(),
        proof.shows.name(),
        proof.seen_at,
        proof.public_url,
        proof.words,
        file.map(|file| file.key.as_str()),
        file.map(|file| i64::try_from(file.bytes)).transpose().context("a size beyond any object's")?,
        sha256,
        proof.insists,
        by.name.as_ref(),
    )
    .execute(&mut *tx)
    .await
    .context("store what a person saw")?;
    match proof.shows {
        Shows::Live => {
            let named = || proof.public_url.clone().map(Receipt);
            let receipt = receipt.cloned().or_else(named).context("a live work has a name or an address")?;
            let event = DeliveryEvent::WentLive { receipt, public_url: proof.public_url.clone() };
            deliveries::note(tx, proof.submission, &proof.partner, &event, by).await?;
        }
        Shows::Gone => deliveries::wake(tx, proof.submission, &proof.partner).await?,
    }
    let detail = json!({
        "partner": proof.partner, "proof": proof.id, "shows": proof.shows, "seen_at": proof.seen_at,
        "public_url": proof.public_url, "picture": file.map(|file| &file.sha256), "insists": proof.insists,
    });
    history::add(tx, proof.submission, by, "proof_added", &detail).await?;
    let (submission, partner) = (Some(proof.submission), Some(&proof.partner));
    audit::add(tx, by, &Act { act: "proof_added", submission, partner, before: Value::Null, after: detail }).await
}
