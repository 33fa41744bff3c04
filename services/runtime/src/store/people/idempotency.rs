//! Requests that may be repeated: the answer of a changing request is stored in the transaction of its act, under its
//! Idempotency-Key, and returned again when the request is repeated.
//!
//! An answer may contain a secret that is shown once, such as a token. So it is encrypted with a key derived from the
//! Idempotency-Key, of which only a digest is stored: reading the table reveals no answer.
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgExecutor};

use crate::seal;
use crate::store::Store;

/// How long a repeated request gets its first answer.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

/// A request with an Idempotency-Key, as digests.
#[derive(Clone)]
pub struct Keyed {
    lookup: [u8; 32],
    fingerprint: [u8; 32],
    sealing: [u8; 32],
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The address of what was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The body; null for none.
    pub body: serde_json::Value,
    /// Whether it was stored earlier and is returned again.
    #[serde(skip)]
    pub again: bool,
}

/// What is known about a request when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: do it.
    First,
    /// It was done, and this was the answer.
    Again(Answer),
    /// Another request used the same key.
    AnotherRequest,
}

impl Keyed {
    /// A request of `principal`. Keys of different principals never conflict.
    pub fn new(principal: &str, key: &str, method: &str, path: &str, body: &[u8]) -> Self {
        let body = Sha256::digest(body);
        let digest = |purpose: &str, more: &[&[u8]]| -> [u8; 32] {
            let mut hasher = Sha256::new();
            for field in [purpose.as_bytes(), principal.as_bytes(), key.as_bytes()].iter().chain(more) {
                hasher.update((field.len() as u64).to_be_bytes());
                hasher.update(field);
            }
            hasher.finalize().into()
        };
        Self {
            lookup: digest("lookup", &[]),
            fingerprint: digest("fingerprint", &[method.as_bytes(), path.as_bytes(), &body]),
            sealing: digest("sealing", &[]),
        }
    }

    /// Starts the request within the transaction that will do it. A second one at the same time waits here until the
    /// first has committed, and then gets its answer; if the first was rolled back, the second becomes the first.
    pub async fn begin(&self, tx: &mut PgConnection) -> anyhow::Result<Begun> {
        // An expired row may not have been swept yet.
        sqlx::query!(
            "/* forget_old_answer */
            delete from idempotency where lookup = $1 and created_at < clock_timestamp() - make_interval(secs => $2)",
            self.lookup.as_slice(),
            KEPT_FOR.as_secs_f64(),
        )
        .execute(&mut *tx)
        .await
        .context("look for an old answer")?;
        let inserted = sqlx::query!(
            "/* begin_keyed */
            insert into idempotency (lookup, fingerprint, created_at) values ($1, $2, clock_timestamp())
            on conflict do nothing",
            self.lookup.as_slice(),
            self.fingerprint.as_slice(),
        )
        .execute(&mut *tx)
        .await
        .context("note an Idempotency-Key")?;
        if inserted.rows_affected() == 1 {
            return Ok(Begun::First);
        }
        let stored = self.stored(tx).await?;
        stored.context("an Idempotency-Key was stored before and cannot be found")
    }

    /// What is committed for the request.
    async fn stored(&self, executor: impl PgExecutor<'_>) -> anyhow::Result<Option<Begun>> {
        let row = sqlx::query!(
            "/* keyed_answer */
            select fingerprint, nonce, answer from idempotency
            where lookup = $1 and created_at >= clock_timestamp() - make_interval(secs => $2)",
            self.lookup.as_slice(),
            KEPT_FOR.as_secs_f64(),
        )
        .fetch_optional(executor)
        .await
        .context("load the answer to a repeated request")?;
        let Some(row) = row else { return Ok(None) };
        if row.fingerprint != self.fingerprint {
            return Ok(Some(Begun::AnotherRequest));
        }
        let (Some(nonce), Some(answer)) = (row.nonce, row.answer) else {
            anyhow::bail!("an Idempotency-Key was committed without its answer");
        };
        let plain = seal::open_with(&self.sealing, &self.fingerprint, &nonce, &answer)?;
        let answer: Answer = serde_json::from_slice(&plain).context("read a stored answer")?;
        Ok(Some(Begun::Again(Answer { again: true, ..answer })))
    }

    /// Stores the answer, in the transaction that `begin` was called in.
    pub async fn end(&self, tx: &mut PgConnection, answer: &Answer) -> anyhow::Result<()> {
        let plain = serde_json::to_vec(answer).context("write an answer")?;
        let (nonce, sealed) = seal::seal_with(&self.sealing, &self.fingerprint, &plain)?;
        sqlx::query!(
            "/* end_keyed */ update idempotency set nonce = $2, answer = $3 where lookup = $1",
            self.lookup.as_slice(),
            nonce,
            sealed,
        )
        .execute(tx)
        .await
        .context("store an answer")?;
        Ok(())
    }
}

impl Store {
    /// The earlier answer to the request, if there is one.
    pub async fn answered(&self, keyed: &Keyed) -> anyhow::Result<Begun> {
        Ok(keyed.stored(self.pool()).await?.unwrap_or(Begun::First))
    }

    /// Deletes expired answers. Returns how many.
    pub async fn sweep_answers(&self) -> anyhow::Result<u64> {
        let swept = sqlx::query!(
            "/* sweep_answers */
            delete from idempotency where lookup = any(array(
                select lookup from idempotency where created_at < statement_timestamp() - make_interval(secs => $1)
                order by created_at limit 10000 for update skip locked
            ))",
            KEPT_FOR.as_secs_f64(),
        )
        .execute(self.pool())
        .await
        .context("sweep old answers")?;
        Ok(swept.rows_affected())
    }
}
