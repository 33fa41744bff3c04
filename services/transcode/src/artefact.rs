//! A rendition's address: a digest of everything that determines its bytes. Equal addresses are equal files, independent of who entered
//! the source and of the names of encodes and renditions. Pure.
//!
//! The sandboxed child sees its request, its input file and its own code, and nothing else. So the address covers exactly these: the
//! requests that would make this rendition if it were the plan's only one, the source's SHA-256, and the engine's name, whose version
//! stands for the code. A field that is added to a request is part of the address without further work.
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use media::protocol::Job;
use pipeline::id::{EncodeId, RenditionName};
use pipeline::media_info::MediaInfo;
use pipeline::rendition::{Plan, PlannedRendition, VideoSource};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::again::Again;
use crate::request::{self, Place, Timed};

/// The address of one rendition of a plan, as SHA-256. `sha256` is the source's, in hex; `engine` is
/// [`media::engine`].
///
/// # Errors
/// When the rendition names an encode that the plan does not have.
pub fn address(
    plan: &Plan,
    rendition: &PlannedRendition,
    source: &MediaInfo,
    sha256: &str,
    engine: &str,
) -> Result<[u8; 32]> {
    let alone = alone(plan, rendition)?;
    let only = alone.renditions.first().context("a plan without its rendition")?;
    // Directories and limits make no bytes.
    let place = Place { input: Path::new("/"), output: Path::new("/"), allow_missing_landlock: false };
    let job = |timed: Timed| -> Job { timed.request.job };
    let mut segments = Vec::new();
    for segment in &alone.segments {
        segments.push(job(request::segment(&alone, segment.index, place)?));
    }
    let sound = only.audio.is_some().then(|| job(request::sound(&alone, source, place)));
    let assemble = job(request::assemble(&alone, only, source, &Again::default(), place)?);
    let qc = job(request::qc(&alone, only, source, place)?);
    let whole = json!({
        "source": sha256, "engine": engine, "segments": segments, "sound": sound, "assemble": assemble, "qc": qc,
    });
    Ok(Sha256::digest(serde_json::to_vec(&whole)?).into())
}

/// The addresses of all files of a plan, as this engine makes them.
///
/// # Errors
/// When the plan contradicts itself.
pub fn addresses(plan: &Plan, source: &MediaInfo, sha256: &[u8]) -> Result<Vec<[u8; 32]>> {
    let (sha256, engine) = (hex::encode(sha256), media::engine());
    plan.renditions.iter().map(|rendition| address(plan, rendition, source, &sha256, &engine)).collect()
}

/// The plan that makes this rendition only, without the names that plans give.
fn alone(plan: &Plan, rendition: &PlannedRendition) -> Result<Plan> {
    let mut videos = Vec::new();
    let mut audios = Vec::new();
    let mut only = PlannedRendition {
        name: RenditionName::new("only"),
        partners: Vec::new(),
        because: Vec::new(),
        // Cut out of the finished file afterwards.
        covers: Vec::new(),
        ..rendition.clone()
    };
    if let VideoSource::Encoded(id) = &rendition.video {
        let mut video = plan.videos.iter().find(|video| video.id == *id).context("an encode is not planned")?.clone();
        video.id = EncodeId::new("picture");
        only.video = VideoSource::Encoded(video.id.clone());
        videos.push(video);
    }
    if let Some(id) = &rendition.audio {
        let mut audio = plan.audios.iter().find(|audio| audio.id == *id).context("a sound is not planned")?.clone();
        audio.id = EncodeId::new("sound");
        only.audio = Some(audio.id.clone());
        audios.push(audio);
    }
    let segments = if videos.is_empty() { Vec::new() } else { plan.segments.clone() };
    Ok(Plan {
        segments,
        videos,
        audios,
        renditions: vec![only],
        partners: Vec::new(),
        effort_ms: BTreeMap::new(),
        ..plan.clone()
    })
}

#[cfg(test)]
pub(crate) mod tests;
