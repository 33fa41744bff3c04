//! Creates invitations, stores what was chosen with one, and ends them.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::PersonId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::invitation::Purpose;
use crate::secret::{Secret as ChooserSecret, Secret as LinkSecret};
use crate::store::people::sign_in::Chosen;

/// How long a link is valid, seconds: over a weekend.
const LIFE_S: f64 = 72.0 * 3600.0;

/// Creates an invitation; earlier ones of the person expire. Returns when it expires.
pub async fn create(
    tx: &mut PgConnection,
    person: PersonId,
    purpose: Purpose,
    secret: &LinkSecret,
    made_by: &str,
) -> anyhow::Result<DateTime<Utc>> {
    expire(tx, person).await?;
    let digest = secret.digest();
    sqlx::query_scalar!(
        "/* create_invitation */
        insert into invitations (id, secret_sha256, person, purpose, made_by, expires_at)
        values ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => $6)) returning expires_at",
        Uuid::now_v7(),
        digest.as_slice(),
        person.0,
        purpose.name(),
        made_by,
        LIFE_S,
    )
    .fetch_one(tx)
    .await
    .context("store an invitation")
}

/// Ends the open invitations of a person, and deletes the factors chosen with them.
pub(in crate::store) async fn expire(tx: &mut PgConnection, person: PersonId) -> anyhow::Result<()> {
    sqlx::query!(
        "/* expire_invitations */
        update invitations set expires_at = least(expires_at, clock_timestamp()),
            password_hash = null, totp_key_id = null, totp_nonce = null, totp_ciphertext = null, chooser_sha256 = null
        where person = $1 and used_at is null",
        person.0,
    )
    .execute(tx)
    .await
    .context("let invitations expire")?;
    Ok(())
}

/// Stores the factors that were chosen in the browser with this secret, until they are confirmed or replaced. An
/// earlier choice, in whichever browser it was made, becomes void.
pub async fn choose(tx: &mut PgConnection, id: Uuid, chosen: &Chosen, chooser: &ChooserSecret) -> anyhow::Result<()> {
    let digest = chooser.digest();
    sqlx::query!(
        "/* choose_factors */
        update invitations set password_hash = $2, totp_key_id = $3, totp_nonce = $4, totp_ciphertext = $5, chooser_sha256 = $6
        where id = $1 and used_at is null",
        id,
        chosen.password_hash,
        chosen.totp.key_id,
        chosen.totp.nonce,
        chosen.totp.ciphertext,
        digest.as_slice(),
    )
    .execute(tx)
    .await
    .context("store the factors chosen with an invitation")?;
    Ok(())
}

/// Marks the invitation as used.
pub async fn accept(tx: &mut PgConnection, id: Uuid) -> anyhow::Result<()> {
    sqlx::query!(
        "/* accept_invitation */
        update invitations set used_at = clock_timestamp(),
            password_hash = null, totp_key_id = null, totp_nonce = null, totp_ciphertext = null, chooser_sha256 = null
        where id = $1",
        id,
    )
    .execute(tx)
    .await
    .context("use an invitation")?;
    Ok(())
}
