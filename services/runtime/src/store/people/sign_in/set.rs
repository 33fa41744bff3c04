//! Uses and sets the credentials of a person.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::PersonId;
use sqlx::PgConnection;

use super::factors::Chosen;

/// Uses the code of a step. `false` if a code of this step or of a later one was used before.
pub async fn use_step(tx: &mut PgConnection, person: PersonId, step: i64) -> anyhow::Result<bool> {
    let used = sqlx::query!(
        "/* use_totp_step */
        update sign_in_factors set totp_step = $2 where person = $1 and (totp_step is null or totp_step < $2)",
        person.0,
        step,
    )
    .execute(tx)
    .await
    .context("use a code of a second factor")?;
    Ok(used.rows_affected() == 1)
}

/// Whether the password is still the one that was set at this time. Locks the row, so that a sign-in with an earlier
/// password cannot complete.
pub async fn password_stands(tx: &mut PgConnection, person: PersonId, set_at: DateTime<Utc>) -> anyhow::Result<bool> {
    let stands = sqlx::query_scalar!(
        r#"/* password_stands */
        select password_set_at = $2 as "stands!" from sign_in_factors where person = $1 for update"#,
        person.0,
        set_at,
    )
    .fetch_optional(tx)
    .await
    .context("look for the password of a sign-in")?;
    Ok(stands.unwrap_or(false))
}

/// Sets the password and the second factor of a person. The code of `step`, which confirmed the second factor, counts as used.
pub async fn set(tx: &mut PgConnection, person: PersonId, chosen: &Chosen, step: i64) -> anyhow::Result<()> {
    sqlx::query!(
        "/* set_factors */
        insert into sign_in_factors (person, password_hash, totp_key_id, totp_nonce, totp_ciphertext, totp_step)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (person) do update set password_hash = $2, password_set_at = clock_timestamp(), totp_key_id = $3,
            totp_nonce = $4, totp_ciphertext = $5, totp_set_at = clock_timestamp(), totp_step = $6",
        person.0,
        chosen.password_hash,
        chosen.totp.key_id,
        chosen.totp.nonce,
        chosen.totp.ciphertext,
        step,
    )
    .execute(tx)
    .await
    .context("store the credentials of a person")?;
    Ok(())
}

/// Changes the password. `false` if the person has no password yet.
pub async fn set_password(tx: &mut PgConnection, person: PersonId, password_hash: &str) -> anyhow::Result<bool> {
    let done = sqlx::query!(
        "/* set_password */
        update sign_in_factors set password_hash = $2, password_set_at = clock_timestamp() where person = $1",
        person.0,
        password_hash,
    )
    .execute(tx)
    .await
    .context("store a password")?;
    Ok(done.rows_affected() == 1)
}

/// Deletes the credentials of a person who was ended.
pub(in crate::store) async fn forget(tx: &mut PgConnection, person: PersonId) -> anyhow::Result<()> {
    sqlx::query!("/* forget_factors */ delete from sign_in_factors where person = $1", person.0)
        .execute(&mut *tx)
        .await
        .context("delete the credentials of a person")?;
    sqlx::query!("/* forget_codes */ delete from recovery_codes where person = $1", person.0)
        .execute(&mut *tx)
        .await
        .context("forget recovery codes")?;
    Ok(())
}
