//! Finished files by what determines them, and the choice, made once for each rendition of a run, whether to reuse one.
use anyhow::Context;
use pipeline::id::{RenditionName, SubmissionId};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::renditions::RenditionRow;
use crate::store::Store;
use crate::store::work::parts::{Claim, Commit, check_fence};
use crate::stored::StoredRendition;

/// How a rendition of a run is obtained.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its name in the plan.
    pub name: RenditionName,
    /// A finished file under this run's own keys; `None` if it must be made.
    pub rendition: Option<StoredRendition>,
}

/// How many files are tried. If the objects of all of them are gone, the rendition is made.
const CANDIDATES: i64 = 3;

impl Store {
    /// What has been chosen in a run so far.
    pub async fn choices(&self, submission: SubmissionId, run: u32) -> anyhow::Result<Vec<Choice>> {
        let rows = sqlx::query!(
            r#"/* choices */
            select name, rendition as "rendition: Json<StoredRendition>" from choices where submission = $1 and run = $2"#,
            submission.0,
            run as i32,
        )
        .fetch_all(self.pool())
        .await
        .with_context(|| format!("load what was chosen for {submission}"))?;
        let choice = |name, rendition: Option<Json<StoredRendition>>| Choice {
            name: RenditionName::new(name),
            rendition: rendition.map(|rendition| rendition.0),
        };
        Ok(rows.into_iter().map(|row| choice(row.name, row.rendition)).collect())
    }

    /// Files with this address, newest first, and their works. Their objects may be gone: those of withdrawn works are
    /// swept, and so are those that never came into force.
    pub async fn renditions_at(&self, artefact: &[u8; 32]) -> anyhow::Result<Vec<(SubmissionId, RenditionRow)>> {
        super::renditions::at(self.pool(), artefact, CANDIDATES).await
    }

    /// Chooses, unless another worker has; returns the choice, or `None` if the claim is lost.
    pub async fn choose(&self, claim: &Claim, artefact: &[u8; 32], choice: &Choice) -> anyhow::Result<Option<Choice>> {
        self.quiet_transaction("choose_rendition", |tx, _| {
            Box::pin(async move {
                if check_fence(tx, claim).await? == Commit::Fenced {
                    return Ok(None);
                }
                let held = sqlx::query!(
                    r#"/* choose_rendition */
                    insert into choices (submission, run, name, artefact, rendition) values ($1, $2, $3, $4, $5)
                    -- Changes nothing, but returns what is there.
                    on conflict (submission, run, name) do update set name = excluded.name
                    returning rendition as "rendition: Json<StoredRendition>""#,
                    claim.submission.0,
                    claim.run as i32,
                    choice.name.as_str(),
                    &artefact[..],
                    choice.rendition.as_ref().map(Json) as _,
                )
                .fetch_one(&mut *tx)
                .await
                .context("choose how a rendition is come by")?;
                let rendition = held.rendition.map(|rendition| rendition.0);
                Ok(Some(Choice { name: choice.name.clone(), rendition }))
            })
        })
        .await
    }
}

/// Deletes the choices of a run that has ended.
pub(in crate::store) async fn forget(tx: &mut PgConnection, submission: SubmissionId, run: u32) -> anyhow::Result<()> {
    sqlx::query!(
        "/* forget_choices */ delete from choices where submission = $1 and run = $2",
        submission.0,
        run as i32
    )
    .execute(tx)
    .await
    .context("forget choices")?;
    Ok(())
}
