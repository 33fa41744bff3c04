//! Invitations: one-time links with which a person sets password and second factor, for the first time or again.
//! Opening a link changes nothing; it is used up when a code confirms the second factor. Only the digest of the link's
//! secret is stored.
use std::str::FromStr;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::PersonId;
use pipeline::person::Person;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::sign_in::Chosen;
use super::{Store, persons};
use crate::seal::Sealed;

/// The secret in the link of an invitation.
pub use crate::secret::Secret as LinkSecret;
/// The secret of the browser in which a password was chosen through a link.
pub use crate::secret::Secret as ChooserSecret;

/// How long a link is valid, seconds: over a weekend.
const LIFE_S: f64 = 72.0 * 3600.0;

/// What an invitation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To set password and second factor for the first time.
    Invite,
    /// To set them again, such as after a phone was lost.
    Reset,
}

impl Purpose {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Invite => "invite",
            Purpose::Reset => "reset",
        }
    }
}

impl FromStr for Purpose {
    type Err = anyhow::Error;
    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "invite" => Ok(Purpose::Invite),
            "reset" => Ok(Purpose::Reset),
            _ => anyhow::bail!("{text:?} is no purpose of an invitation"),
        }
    }
}

/// An invitation that can still be used.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Its id.
    pub id: Uuid,
    /// The person who is to sign in.
    pub person: Person,
    /// What it is for.
    pub purpose: Purpose,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// What was chosen and is not confirmed yet, with the digest of the browser's secret.
    chosen: Option<(Chosen, Vec<u8>)>,
}

impl Invitation {
    /// What was chosen in the browser with this secret, unless a later choice replaced it.
    pub fn chosen_by(&self, chooser: Option<&ChooserSecret>) -> Option<&Chosen> {
        let (chosen, digest) = self.chosen.as_ref()?;
        (chooser?.digest().as_slice() == digest).then_some(chosen)
    }
}

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

/// Ends the open invitations of a person, and deletes the factors chosen with them.
pub(super) async fn expire(tx: &mut PgConnection, person: PersonId) -> anyhow::Result<()> {
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
