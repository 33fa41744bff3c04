//! A rendition beside its source: the same frames as stills, what quality control measured, and the files to download.
use pipeline::object_key::Compared;
use pipeline::rendition::{About, Because, VideoSource};
use runtime::objects::StoredFile;
use runtime::outcome::{StoredComparison, StoredRendition};
use runtime::problem::{Code, Problem};
use runtime::store::files::renditions::RenditionRow;
use runtime::store::submissions::SubmissionRow;
use serde::Serialize;

use super::work::Rendition;
use crate::Desk;

/// A rendition in force, beside its source.
#[derive(Debug, Serialize)]
pub struct Compare {
    /// The file and what quality control measured of it.
    pub rendition: Rendition,
    /// Names of all renditions in force, in order.
    pub all: Vec<String>,
    /// Whether its picture is the source's own, passed through; `None` if the plan of that run is no longer known.
    pub copied: Option<bool>,
    /// The reasons for how it was made.
    pub because: Vec<Because>,
    /// In the order of frames.
    pub pairs: Vec<Pair>,
}

/// The same frame of both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// Its position in the list, by which its files are fetched.
    pub place: usize,
    /// Which frame of the rendition.
    pub frame: u64,
    /// When it is shown, in ms from the start.
    pub at_ms: u64,
    /// Pixels of both stills.
    pub width: u32,
    /// Pixels of both stills.
    pub height: u32,
    /// How similar the two frames are; 1 means identical.
    pub ssim: f64,
}

/// A rendition of a work by its name, which must be in force.
pub async fn compare(desk: &Desk, work: &SubmissionRow, name: &str) -> Result<Compare, Problem> {
    let rows = desk.store.renditions(work.id).await?;
    let all = rows.iter().map(|row| row.name.to_string()).collect();
    let row = rows.into_iter().find(|row| row.name.as_str() == name).ok_or(Code::RouteUnknown)?;
    let plan = work.plan.as_ref().filter(|_| work.machine.run == row.run);
    let planned = plan.and_then(|plan| plan.renditions.iter().find(|it| it.name == row.name));
    let pair = |(place, pair): (usize, &StoredComparison)| Pair {
        place,
        frame: pair.frame,
        at_ms: pair.at_ms,
        width: pair.width,
        height: pair.height,
        ssim: pair.ssim,
    };
    let because = planned.map(|planned| planned.because.clone()).unwrap_or_default();
    Ok(Compare {
        all,
        copied: planned.map(|planned| planned.video == VideoSource::Copied),
        because: because.into_iter().filter(|it| it.about != Some(About::Shared)).collect(),
        pairs: row.rendition.comparison.iter().enumerate().map(pair).collect(),
        rendition: Rendition::from(row),
    })
}

/// A still of a rendition in force.
pub async fn still(
    desk: &Desk,
    work: &SubmissionRow,
    name: &str,
    (place, of): (usize, Compared),
) -> Result<StoredFile, Problem> {
    let pair = stored(desk, work, name).await?.comparison.into_iter().nth(place).ok_or(Code::RouteUnknown)?;
    Ok(match of {
        Compared::Source => pair.source,
        Compared::Rendition => pair.rendition,
    })
}

/// The film of a rendition in force.
pub async fn film(desk: &Desk, work: &SubmissionRow, name: &str) -> Result<StoredFile, Problem> {
    Ok(stored(desk, work, name).await?.video)
}

/// The still picture that comes with it.
pub async fn cover(desk: &Desk, work: &SubmissionRow, name: &str) -> Result<StoredFile, Problem> {
    Ok(stored(desk, work, name).await?.cover.ok_or(Code::RouteUnknown)?)
}

async fn stored(desk: &Desk, work: &SubmissionRow, name: &str) -> Result<StoredRendition, Problem> {
    let named = |row: &RenditionRow| row.name.as_str() == name;
    let row = desk.store.renditions(work.id).await?.into_iter().find(named).ok_or(Code::RouteUnknown)?;
    Ok(row.rendition)
}
