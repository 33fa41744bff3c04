//! Finished files. Those of a run come into force together, when the last of them has passed QC; until then the old
//! ones stay.
use anyhow::Context;
use pipeline::id::{RenditionName, SubmissionId};
use pipeline::rendition::QcCheck;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::Store;
use crate::objects::StoredFile;
use crate::stored::{ReusedFrom, StoredComparison, StoredCover, StoredRendition};

/// A rendition and which run made it.
#[derive(Clone, Debug)]
pub struct RenditionRow {
    /// The run.
    pub run: u32,
    /// Its name in the plan.
    pub name: RenditionName,
    /// The file and what was measured of it.
    pub rendition: StoredRendition,
}

struct Row {
    run: i32,
    name: String,
    object_key: String,
    bytes: i64,
    sha256: Vec<u8>,
    cover_key: Option<String>,
    cover_bytes: Option<i64>,
    cover_sha256: Option<Vec<u8>>,
    width: i32,
    height: i32,
    duration_ms: i64,
    covers: Json<Vec<StoredCover>>,
    comparison: Json<Vec<StoredComparison>>,
    qc: Json<Vec<QcCheck>>,
    engine: String,
    artefact: Option<Vec<u8>>,
    reused_submission: Option<Uuid>,
    reused_run: Option<i32>,
}

impl From<Row> for RenditionRow {
    fn from(row: Row) -> Self {
        let cover = match (row.cover_key, row.cover_bytes, row.cover_sha256) {
            (Some(key), Some(bytes), Some(sha256)) => {
                Some(StoredFile { key, bytes: bytes as u64, sha256: hex::encode(sha256) })
            }
            _ => None,
        };
        let video = StoredFile { key: row.object_key, bytes: row.bytes as u64, sha256: hex::encode(row.sha256) };
        Self {
            run: row.run as u32,
            name: RenditionName::new(row.name),
            rendition: StoredRendition {
                video,
                cover,
                covers: row.covers.0,
                comparison: row.comparison.0,
                width: row.width as u32,
                height: row.height as u32,
                duration_ms: row.duration_ms as u64,
                qc: row.qc.0,
                engine: row.engine,
                artefact: row.artefact.map(hex::encode),
                reused_from: row
                    .reused_submission
                    .zip(row.reused_run)
                    .map(|(submission, run)| ReusedFrom { submission: SubmissionId(submission), run: run as u32 }),
            },
        }
    }
}

impl Store {
    /// The renditions in force: all of one run, the last that finished them.
    pub async fn renditions(&self, submission: SubmissionId) -> anyhow::Result<Vec<RenditionRow>> {
        let rows = sqlx::query_as!(
            Row,
            r#"/* renditions */
            select run, name, object_key, bytes, sha256, cover_key, cover_bytes, cover_sha256, width, height, duration_ms,
                covers as "covers: Json<Vec<StoredCover>>", comparison as "comparison: Json<Vec<StoredComparison>>",
                qc as "qc: Json<Vec<QcCheck>>", engine, artefact, reused_submission, reused_run
            from renditions where submission = $1 and in_force order by name"#,
            submission.0,
        )
        .fetch_all(self.pool())
        .await
        .with_context(|| format!("load the renditions of {submission}"))?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}

/// Renditions with this address, newest first, with their works. Those of withdrawn works are left out, because their
/// data is deleted.
pub(super) async fn at(
    pool: &PgPool,
    artefact: &[u8; 32],
    limit: i64,
) -> anyhow::Result<Vec<(SubmissionId, RenditionRow)>> {
    let owners = sqlx::query!(
        "/* owners_of_artefact */
        select r.submission, r.run, r.name from renditions r join submissions s on s.id = r.submission
        where r.artefact = $1 and s.state <> 'withdrawn' order by r.created_at desc limit $2",
        &artefact[..],
        limit,
    )
    .fetch_all(pool)
    .await
    .context("look for a finished file")?;
    let mut found = Vec::new();
    for owner in owners {
        let row = sqlx::query_as!(
            Row,
            r#"/* rendition */
            select run, name, object_key, bytes, sha256, cover_key, cover_bytes, cover_sha256, width, height, duration_ms,
                covers as "covers: Json<Vec<StoredCover>>", comparison as "comparison: Json<Vec<StoredComparison>>",
                qc as "qc: Json<Vec<QcCheck>>", engine, artefact, reused_submission, reused_run
            from renditions where submission = $1 and run = $2 and name = $3"#,
            owner.submission,
            owner.run,
            owner.name,
        )
        .fetch_optional(pool)
        .await
        .context("load a finished file")?;
        found.extend(row.map(|row| (SubmissionId(owner.submission), row.into())));
    }
    Ok(found)
}

/// Stores a rendition that passed QC; it is not in force yet.
pub(super) async fn insert(
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
pub(super) async fn put_in_force(tx: &mut PgConnection, submission: SubmissionId, run: u32) -> anyhow::Result<()> {
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
pub(super) async fn forget_unused(tx: &mut PgConnection, submission: SubmissionId, run: u32) -> anyhow::Result<()> {
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
pub(super) async fn keys(tx: &mut PgConnection, submission: SubmissionId, run: u32) -> anyhow::Result<Vec<String>> {
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
