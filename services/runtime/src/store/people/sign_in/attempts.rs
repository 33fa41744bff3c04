//! Attempts to sign in under a login name, and how long the next one must wait.
use std::time::Duration;

use anyhow::Context;
use sqlx::PgConnection;

use crate::store::Store;

/// Failures for one login name before attempts must wait.
pub const FREE_FAILURES: i32 = 5;

/// The wait after the last of them, seconds; it doubles with each further one.
const FIRST_WAIT_S: f64 = 30.0;

/// The longest wait, seconds.
const LONGEST_WAIT_S: f64 = 900.0;

/// Failures count for this long, seconds.
const COUNTED_S: f64 = 86_400.0;

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

    /// The password was correct: the attempt no longer counts as a failure, and the code may be sent immediately.
    /// Earlier failures still count.
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
}

/// The person signed in with both factors: earlier failures under the login name no longer count.
pub async fn succeeded(tx: &mut PgConnection, name: &[u8; 32]) -> anyhow::Result<()> {
    sqlx::query!("/* sign_in_succeeded */ delete from sign_in_failures where name_hmac = $1", name.as_slice())
        .execute(tx)
        .await
        .context("forget failures to sign in")?;
    Ok(())
}
