//! The credentials with which persons sign in (password, second factor, recovery codes), and the failed attempts for
//! each login name. Times are taken from the database's clock.
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::PersonId;
use pipeline::person::Person;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Store, persons};
use crate::seal::Sealed;

/// Failures for one login name before attempts must wait.
pub const FREE_FAILURES: i32 = 5;
/// The wait after the last of them, seconds; it doubles with each further one.
const FIRST_WAIT_S: f64 = 30.0;
/// The longest wait, seconds.
const LONGEST_WAIT_S: f64 = 900.0;
/// Failures count for this long, seconds.
const COUNTED_S: f64 = 86_400.0;

/// The credentials of a person.
#[derive(Clone, Debug)]
pub struct Factors {
    /// The person.
    pub person: Person,
    /// argon2id in PHC form.
    pub password_hash: String,
    /// When it was set.
    pub password_set_at: DateTime<Utc>,
    /// The secret of the second factor.
    pub totp: Sealed,
    /// Now, by the database's clock.
    pub now: DateTime<Utc>,
}

/// A password and a second factor that are to become a person's.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// argon2id in PHC form.
    pub password_hash: String,
    /// The secret of the second factor.
    pub totp: Sealed,
}

struct Row {
    person: Uuid,
    password_hash: String,
    password_set_at: DateTime<Utc>,
    totp_key_id: String,
    totp_nonce: Vec<u8>,
    totp_ciphertext: Vec<u8>,
    now: DateTime<Utc>,
}

/// Adds the person; `None` if there is no row, or the person was ended.
async fn with_person(connection: &mut PgConnection, row: Option<Row>) -> anyhow::Result<Option<Factors>> {
    let Some(row) = row else { return Ok(None) };
    let person = persons::load(connection, PersonId(row.person)).await?;
    Ok(person.filter(|it| it.ended_at.is_none()).map(|person| Factors {
        person,
        password_hash: row.password_hash,
        password_set_at: row.password_set_at,
        totp: Sealed { key_id: row.totp_key_id, nonce: row.totp_nonce, ciphertext: row.totp_ciphertext },
        now: row.now,
    }))
}

impl Store {
    /// Starts an attempt to sign in under a login name, given by its keyed hash. The attempt counts as a failure until
    /// [`Store::password_was_right`] or [`succeeded`], so that concurrent attempts count too.
    ///
    /// `Some` means that the attempt is refused, and the next one is allowed after this time.
    pub async fn begin_attempt(&self, name: &[u8; 32]) -> anyhow::Result<Option<Duration>> {
        let begun = sqlx::query!(
            "/* begin_attempt */
            insert into sign_in_failures as f (name_hmac, failures) values ($1, 1)
            on conflict (name_hmac) do update set
                failures = case when f.failed_at < clock_timestamp() - make_interval(secs => $2) then 1 else f.failures + 1 end,
                failed_at = clock_timestamp(),
                wait_until = case
                    when f.failed_at < clock_timestamp() - make_interval(secs => $2) or f.failures + 1 < $3 then null
                    else clock_timestamp()
                        + make_interval(secs => least($4 * power(2, least(f.failures + 1 - $3, 20)), $5)) end
            where f.wait_until is null or f.wait_until <= clock_timestamp()",
            name.as_slice(),
            COUNTED_S,
            FREE_FAILURES,
            FIRST_WAIT_S,
            LONGEST_WAIT_S,
        )
        .execute(self.pool())
        .await
        .context("begin an attempt to sign in")?;
        if begun.rows_affected() == 1 {
            return Ok(None);
        }
        let wait = sqlx::query_scalar!(
            r#"/* wait_to_sign_in */
            select greatest(extract(epoch from wait_until - clock_timestamp()), 1)::float8 as "wait!"
            from sign_in_failures where name_hmac = $1"#,
            name.as_slice(),
        )
        .fetch_optional(self.pool())
        .await
        .context("ask how long a sign-in waits")?;
        Ok(Some(Duration::from_secs_f64(wait.unwrap_or(1.0))))
    }

    /// The password was right: the attempt no longer counts, and the code may be sent immediately. Earlier failures
    /// still count.
    pub async fn password_was_right(&self, name: &[u8; 32]) -> anyhow::Result<()> {
        sqlx::query!(
            "/* password_was_right */
            update sign_in_failures set failures = greatest(failures - 1, 0), wait_until = null where name_hmac = $1",
            name.as_slice(),
        )
        .execute(self.pool())
        .await
        .context("note a right password")?;
        Ok(())
    }

    /// The credentials of the person with a login name; `None` if there is no such person, or the invitation was not
    /// accepted.
    pub async fn factors_of_login(&self, login: &str) -> anyhow::Result<Option<Factors>> {
        let mut connection = self.pool().acquire().await.context("connect")?;
        let row = sqlx::query_as!(
            Row,
            r#"/* factors_of_login */
            select f.person, f.password_hash, f.password_set_at, f.totp_key_id, f.totp_nonce, f.totp_ciphertext,
                clock_timestamp() as "now!"
            from persons p join sign_in_factors f on f.person = p.id where p.login = $1 and p.ended_at is null"#,
            login,
        )
        .fetch_optional(&mut *connection)
        .await
        .context("find the credentials of a login name")?;
        with_person(&mut connection, row).await
    }

    /// The credentials of a person.
    pub async fn factors(&self, person: PersonId) -> anyhow::Result<Option<Factors>> {
        let mut connection = self.pool().acquire().await.context("connect")?;
        let row = sqlx::query_as!(
            Row,
            r#"/* factors */
            select person, password_hash, password_set_at, totp_key_id, totp_nonce, totp_ciphertext, clock_timestamp() as "now!"
            from sign_in_factors where person = $1"#,
            person.0,
        )
        .fetch_optional(&mut *connection)
        .await
        .context("load the credentials of a person")?;
        with_person(&mut connection, row).await
    }

    /// Recovery codes of a person that were not used yet.
    pub async fn recovery_codes_left(&self, person: PersonId) -> anyhow::Result<i64> {
        sqlx::query_scalar!(
            r#"/* recovery_codes_left */
            select count(*) as "left!" from recovery_codes where person = $1 and used_at is null"#,
            person.0,
        )
        .fetch_one(self.pool())
        .await
        .context("count the recovery codes of a person")
    }
}

/// The person signed in with both factors: earlier failures under the login name no longer count.
pub async fn succeeded(tx: &mut PgConnection, name: &[u8; 32]) -> anyhow::Result<()> {
    sqlx::query!("/* sign_in_succeeded */ delete from sign_in_failures where name_hmac = $1", name.as_slice())
        .execute(tx)
        .await
        .context("forget failures to sign in")?;
    Ok(())
}

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

/// Uses a recovery code. `false` if the person has no such code, or it was used before.
pub async fn use_recovery_code(tx: &mut PgConnection, person: PersonId, digest: &[u8; 32]) -> anyhow::Result<bool> {
    let used = sqlx::query!(
        "/* use_recovery_code */
        update recovery_codes set used_at = clock_timestamp() where person = $1 and code_sha256 = $2 and used_at is null",
        person.0,
        digest.as_slice(),
    )
    .execute(tx)
    .await
    .context("use a recovery code")?;
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

/// Replaces the recovery codes of a person.
pub async fn set_recovery_codes(tx: &mut PgConnection, person: PersonId, digests: &[[u8; 32]]) -> anyhow::Result<()> {
    sqlx::query!("/* forget_recovery_codes */ delete from recovery_codes where person = $1", person.0)
        .execute(&mut *tx)
        .await
        .context("forget recovery codes")?;
    let digests: Vec<Vec<u8>> = digests.iter().map(|it| it.to_vec()).collect();
    sqlx::query!(
        "/* add_recovery_codes */ insert into recovery_codes (person, code_sha256) select $1, unnest($2::bytea[])",
        person.0,
        &digests,
    )
    .execute(tx)
    .await
    .context("store recovery codes")?;
    Ok(())
}

/// Deletes the credentials of a person who was ended.
pub(super) async fn forget(tx: &mut PgConnection, person: PersonId) -> anyhow::Result<()> {
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
