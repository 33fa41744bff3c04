//! Reuse: a rendition that was made before, for any entry, is copied and not made again.
//!
//! The first part of a run that needs it chooses which renditions are reused, and the choice is stored, so that the parts of a run never
//! disagree on what is encoded. A file is reused by copying its objects to keys of the run, so that it does not depend on the other
//! entry any more. If the copy fails, the rendition is made.
use anyhow::{Context, Result, bail};
use pipeline::id::RenditionName;
use pipeline::object_key::{Compared, ObjectKey};
use pipeline::rendition::{Plan, PlannedCover, PlannedRendition, VideoSource};
use runtime::objects::ObjectError;
use runtime::outcome::{ReusedFrom, StoredComparison, StoredCover, StoredRendition};
use runtime::store::files::renditions::RenditionRow;
use runtime::store::files::reuse::Choice;
use runtime::worker::Job;
use tracing::{info, warn};

use crate::artefact;
use crate::tools::Tools;

/// What holds for a run: one choice for each rendition of its plan.
pub(crate) struct Choices(Vec<Choice>);

impl Choices {
    /// The finished file that is reused for a rendition.
    pub(crate) fn found(&self, name: &RenditionName) -> Option<&StoredRendition> {
        self.0.iter().find(|choice| choice.name == *name).and_then(|choice| choice.rendition.as_ref())
    }

    /// The plan without the encodes that only reused renditions need.
    pub(crate) fn to_make(&self, plan: &Plan) -> Plan {
        let mut left = plan.clone();
        left.renditions.retain(|rendition| self.found(&rendition.name).is_none());
        let made = &left.renditions;
        left.videos.retain(|video| made.iter().any(|it| it.video == VideoSource::Encoded(video.id.clone())));
        left.audios.retain(|audio| made.iter().any(|it| it.audio.as_ref() == Some(&audio.id)));
        left
    }
}

/// The address of a rendition of this job's work.
///
/// # Errors
/// When the work was not probed, or the plan contradicts itself.
pub(crate) fn address(job: &Job, plan: &Plan, rendition: &PlannedRendition) -> Result<[u8; 32]> {
    let source = job.submission.media_info.as_ref().context("the submission was not probed")?;
    let sha256 = job.submission.mezzanine_sha256.as_ref().context("the mezzanine's digest was never verified")?;
    artefact::address(plan, rendition, source, &hex::encode(sha256), &media::engine())
}

/// The run's choices. Missing ones are made now.
pub(crate) async fn choices(tools: &Tools, job: &Job, plan: &Plan) -> Result<Choices> {
    let mut choices = tools.store.choices(job.submission.id, job.run).await?;
    for rendition in &plan.renditions {
        if choices.iter().any(|choice| choice.name == rendition.name) {
            continue;
        }
        let address = address(job, plan, rendition)?;
        let found = look_for(tools, job, rendition, &address).await?;
        let ours = Choice { name: rendition.name.clone(), rendition: found };
        let Some(holds) = tools.store.choose(&job.claim, &address, &ours).await? else {
            bail!("the claim on {} was lost", job.part);
        };
        match &ours.rendition {
            // Another part chose first, and its copy is used.
            Some(copied) if holds != ours => forget(tools, copied).await,
            Some(_) => {
                let (name, id) = (&ours.name, job.submission.id);
                info!(submission.id = %id, rendition.name = %name, "{name} of {id} was made before and is reused");
            }
            None => {}
        }
        choices.push(holds);
    }
    Ok(Choices(choices))
}

/// A finished file with this address, copied to keys of this claim.
async fn look_for(
    tools: &Tools,
    job: &Job,
    rendition: &PlannedRendition,
    address: &[u8; 32],
) -> Result<Option<StoredRendition>> {
    for (owner, row) in tools.store.renditions_at(address).await? {
        match copy(tools, job, rendition, &row).await {
            Ok(copied) => {
                let reused_from = Some(ReusedFrom { submission: owner, run: row.run });
                return Ok(Some(StoredRendition { reused_from, ..copied }));
            }
            // Swept between our look and the copy.
            Err(ObjectError::NotFound) => info!("{} of {owner} is gone by now", row.name),
            Err(error) => warn!("{} of {owner} cannot be reused: {error}", row.name),
        }
    }
    Ok(None)
}

async fn copy(
    tools: &Tools,
    job: &Job,
    rendition: &PlannedRendition,
    row: &RenditionRow,
) -> Result<StoredRendition, ObjectError> {
    let (made, name) = (&row.rendition, &rendition.name);
    let key = ObjectKey::Rendition(job.submission.id, job.run, name.clone(), job.fence);
    let video = tools.objects.copy_file(&made.video, &key).await?;
    let cover = match &made.cover {
        None => None,
        Some(cover) => {
            let key = ObjectKey::Cover(job.submission.id, job.run, name.clone(), job.fence);
            Some(tools.objects.copy_file(cover, &key).await?)
        }
    };
    let mut covers = Vec::new();
    // Covers are no part of the address: if a planned one is missing, all are cut again from the copy.
    let suits = |planned: &PlannedCover| made.covers.iter().find(|made| is_wanted(made, planned));
    let suiting: Option<Vec<_>> = rendition.covers.iter().map(|planned| Some((planned, suits(planned)?))).collect();
    for (place, (planned, cover)) in suiting.unwrap_or_default().into_iter().enumerate() {
        let key = ObjectKey::PartnerCover(job.submission.id, job.run, name.clone(), job.fence, place as u32);
        let file = tools.objects.copy_file(&cover.file, &key).await?;
        covers.push(StoredCover { partners: planned.partners.clone(), file, ..cover.clone() });
    }
    let comparison = copy_stills(tools, job, name, &made.comparison).await?;
    Ok(StoredRendition { video, cover, covers, comparison, ..made.clone() })
}

/// Copies the stills of a rendition. Pairs whose files are gone are left out: stills are not worth another encode.
async fn copy_stills(
    tools: &Tools,
    job: &Job,
    name: &RenditionName,
    made: &[StoredComparison],
) -> Result<Vec<StoredComparison>, ObjectError> {
    let mut copied = Vec::new();
    for pair in made {
        let key = |of| {
            let place = copied.len() as u32;
            ObjectKey::Comparison(job.submission.id, job.run, name.clone(), job.fence, place, of)
        };
        let source = tools.objects.copy_file(&pair.source, &key(Compared::Source)).await;
        let rendition = tools.objects.copy_file(&pair.rendition, &key(Compared::Rendition)).await;
        match (source, rendition) {
            (Ok(source), Ok(rendition)) => copied.push(StoredComparison { source, rendition, ..pair.clone() }),
            (Err(ObjectError::NotFound), _) | (_, Err(ObjectError::NotFound)) => {}
            (Err(error), _) | (_, Err(error)) => return Err(error),
        }
    }
    Ok(copied)
}

fn is_wanted(made: &StoredCover, planned: &PlannedCover) -> bool {
    let wish = (planned.aspect, planned.width, planned.height, planned.max_bytes);
    (made.aspect, made.width, made.height, made.max_bytes) == wish
}

/// Deletes a copy that is not needed. Best effort: the sweep at the end of the run finds it too.
async fn forget(tools: &Tools, copied: &StoredRendition) {
    for file in copied.files() {
        if let Err(error) = tools.objects.delete(&file.key).await {
            info!("{} is left to the sweep: {error}", file.key);
        }
    }
}

/// Checks that a reused file still exists, before the part is reported as done.
///
/// # Errors
/// When it does not.
pub(crate) async fn check_exists(tools: &Tools, found: &StoredRendition) -> Result<()> {
    for file in found.files() {
        let there = tools.objects.head(&file.key).await.with_context(|| format!("look for {}", file.key))?;
        if there != file.bytes {
            bail!("{} has {there} bytes instead of {}", file.key, file.bytes);
        }
    }
    Ok(())
}
