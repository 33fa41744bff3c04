//! Records objects that are no longer needed.
use anyhow::Context;
use sqlx::PgConnection;

use crate::store::Policy;

/// Records that everything under `prefix` except `keep` can be deleted after the policy's delay.
pub async fn add(tx: &mut PgConnection, policy: &Policy, prefix: &str, keep: &[String]) -> anyhow::Result<()> {
    add_all(tx, policy, &[(prefix.to_owned(), keep)]).await
}

/// Records the same for many prefixes.
pub(super) async fn add_all(
    tx: &mut PgConnection,
    policy: &Policy,
    unneeded: &[(String, &[String])],
) -> anyhow::Result<()> {
    for (prefix, _) in unneeded {
        // An empty prefix would be the whole bucket, and one without a slash could match another id.
        anyhow::ensure!(prefix.len() > 1 && prefix.ends_with('/'), "refusing to sweep the prefix {prefix:?}");
    }
    let prefixes: Vec<String> = unneeded.iter().map(|(prefix, _)| prefix.clone()).collect();
    // `unnest` accepts no arrays of arrays of different lengths.
    let keep: Vec<serde_json::Value> = unneeded.iter().map(|(_, keep)| (*keep).into()).collect();
    sqlx::query!(
        "/* add_garbage */
        insert into garbage (prefix, keep, due)
        select prefix, array(select jsonb_array_elements_text(keep)), clock_timestamp() + make_interval(secs => $3)
        from unnest($1::text[], $2::jsonb[]) as unneeded (prefix, keep)",
        &prefixes,
        &keep,
        policy.garbage_delay.as_secs_f64(),
    )
    .execute(tx)
    .await
    .context("note garbage")?;
    Ok(())
}
