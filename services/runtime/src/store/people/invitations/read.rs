//! The invitation of a link.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::PersonId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::invitation::Invitation;
use crate::seal::Sealed;
use crate::secret::Secret as LinkSecret;
use crate::store::Store;
use crate::store::people::persons;
use crate::store::people::sign_in::Chosen;

struct Row {
    id: Uuid,
    person: Uuid,
    purpose: String,
    expires_at: DateTime<Utc>,
    password_hash: Option<String>,
    totp_key_id: Option<String>,
    totp_nonce: Option<Vec<u8>>,
    totp_ciphertext: Option<Vec<u8>>,
    chooser_sha256: Option<Vec<u8>>,
}

impl Store {
    /// The invitation of a link; `None` if there is none, or it was used or has expired. It changes nothing.
    pub async fn invitation(&self, link: &LinkSecret) -> anyhow::Result<Option<Invitation>> {
        find(&mut *self.pool().acquire().await.context("connect")?, link).await
    }
}

/// Like [`Store::invitation`], within a transaction that locks the invitation.
pub async fn lock(tx: &mut PgConnection, link: &LinkSecret) -> anyhow::Result<Option<Invitation>> {
    let digest = link.digest();
    sqlx::query!(
        "/* lock_invitation */ select id from invitations where secret_sha256 = $1 for update",
        digest.as_slice()
    )
    .fetch_optional(&mut *tx)
    .await
    .context("lock an invitation")?;
    find(tx, link).await
}

async fn find(connection: &mut PgConnection, link: &LinkSecret) -> anyhow::Result<Option<Invitation>> {
    let digest = link.digest();
    let row = sqlx::query_as!(
        Row,
        "/* invitation */
        select id, person, purpose, expires_at, password_hash, totp_key_id, totp_nonce, totp_ciphertext, chooser_sha256
        from invitations where secret_sha256 = $1 and used_at is null and expires_at > clock_timestamp()",
        digest.as_slice(),
    )
    .fetch_optional(&mut *connection)
    .await
    .context("find an invitation")?;
    let Some(row) = row else { return Ok(None) };
    let person = persons::load(connection, PersonId(row.person)).await?;
    let Some(person) = person.filter(|it| it.ended_at.is_none()) else { return Ok(None) };
    let totp = match (row.totp_key_id, row.totp_nonce, row.totp_ciphertext) {
        (Some(key_id), Some(nonce), Some(ciphertext)) => Some(Sealed { key_id, nonce, ciphertext }),
        _ => None,
    };
    let chosen = match (row.password_hash, totp, row.chooser_sha256) {
        (Some(password_hash), Some(totp), Some(chooser)) => Some((Chosen { password_hash, totp }, chooser)),
        _ => None,
    };
    Ok(Some(Invitation { id: row.id, person, purpose: row.purpose.parse()?, expires_at: row.expires_at, chosen }))
}

/// Whether a person has accepted an invitation, so that they can sign in.
pub async fn was_accepted(tx: &mut PgConnection, person: PersonId) -> anyhow::Result<bool> {
    sqlx::query_scalar!(
        r#"/* has_factors */ select exists (select from sign_in_factors where person = $1) as "there!""#,
        person.0,
    )
    .fetch_one(tx)
    .await
    .context("ask whether a person can sign in")
}
