//! Reads finished files: those in force, and those with an address.
use anyhow::Context;
use pipeline::id::{RenditionName, SubmissionId};
use pipeline::rendition::QcCheck;
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

use crate::objects::StoredFile;
use crate::store::Store;
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
pub(in crate::store) async fn at(
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
