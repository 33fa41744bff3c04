//! Stores finished files, puts them in force, and forgets those that never were.
use anyhow::Context;
use pipeline::id::{RenditionName, SubmissionId};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::stored::{StoredComparison, StoredCover, StoredRendition};

/// Stores a rendition that passed QC; it is not in force yet.
pub(in crate::store) async fn insert(
    tx: &mut PgConnection,
    submission: SubmissionId,
    run: u32,
    name: &RenditionName,
    made: &StoredRendition,
) -> anyhow::Result<()> {
    let cover = made.cover.as_ref();
    sqlx::query!(
        "/* insert_rendition */
        insert into renditions (submission, run, name, object_key, bytes, sha256, cover_key, cover_bytes, cover_sha256,
            width, height, duration_ms, qc, engine, artefact, reused_submission, reused_run, covers, comparison)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        submission.0,
        run as i32,
        name.as_str(),
        made.video.key,
        made.video.bytes as i64,
        hex::decode(&made.video.sha256).context("the rendition's digest is no hex")?,
        cover.map(|cover| cover.key.as_str()),
        cover.map(|cover| cover.bytes as i64),
        cover.map(|cover| hex::decode(&cover.sha256)).transpose().context("the cover's digest is no hex")?,
        made.width as i32,
        made.height as i32,
        made.duration_ms as i64,
        Json(&made.qc) as _,
        made.engine,
        made.artefact.as_ref().map(hex::decode).transpose().context("the rendition's address is no hex")?,
        made.reused_from.map(|from| from.submission.0),
        made.reused_from.map(|from| from.run as i32),
        Json(&made.covers) as _,
        Json(&made.comparison) as _,
    )
    .execute(tx)
    .await
    .context("store the rendition")?;
    Ok(())
}

/// Puts a run's renditions into force and all others out of it.
pub(in crate::store) async fn put_in_force(
    tx: &mut PgConnection,
    submission: SubmissionId,
    run: u32,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* put_renditions_in_force */
        update renditions set in_force = (run = $2) where submission = $1 and in_force <> (run = $2)",
        submission.0,
        run as i32,
    )
    .execute(tx)
    .await
    .context("put renditions in force")?;
    Ok(())
}

/// Deletes the rows of a run that never came into force. The garbage sweep deletes the objects.
pub(in crate::store) async fn forget_unused(
    tx: &mut PgConnection,
    submission: SubmissionId,
    run: u32,
) -> anyhow::Result<()> {
    sqlx::query!(
        "/* forget_unused_renditions */ delete from renditions where submission = $1 and run = $2 and not in_force",
        submission.0,
        run as i32,
    )
    .execute(tx)
    .await
    .context("forget renditions")?;
    Ok(())
}

/// Keys of the objects of a run's stored renditions.
pub(in crate::store) async fn keys(
    tx: &mut PgConnection,
    submission: SubmissionId,
    run: u32,
) -> anyhow::Result<Vec<String>> {
    let rows = sqlx::query!(
        r#"/* rendition_keys */
        select object_key, cover_key, covers as "covers: Json<Vec<StoredCover>>",
            comparison as "comparison: Json<Vec<StoredComparison>>"
        from renditions
        where submission = $1 and run = $2"#,
        submission.0,
        run as i32,
    )
    .fetch_all(tx)
    .await
    .context("load the renditions' keys")?;
    let keys = rows.into_iter().flat_map(|row| {
        let covers = row.covers.0.into_iter().map(|cover| cover.file.key);
        let stills = row.comparison.0.into_iter().flat_map(|pair| [pair.source.key, pair.rendition.key]);
        std::iter::once(row.object_key).chain(row.cover_key).chain(covers).chain(stills)
    });
    Ok(keys.collect())
}
