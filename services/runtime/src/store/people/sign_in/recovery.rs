//! Recovery codes.
use anyhow::Context;
use pipeline::id::PersonId;
use sqlx::PgConnection;

use crate::store::Store;

impl Store {
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
