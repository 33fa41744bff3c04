//! A rendition's address: a digest of everything that determines its bytes. Equal addresses are equal files, whoever entered the
//! source and whatever encodes and renditions are called. Pure.
//!
//! The sandboxed child sees its request, its input file and its own code, and nothing else; so the address is taken over exactly
//! these: the requests that would make this rendition if it were the plan's only one, the source's SHA-256, and the code, ours that
//! decides what is asked again included. Whatever a request learns to ask for in future is in the address by itself.
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

/// Our own code between the child's requests: what it makes of one answer decides what is asked next.
const OURS: [&str; 3] = [include_str!("again.rs"), include_str!("assemble.rs"), include_str!("encode.rs")];

/// What makes the files, to the byte: the engine, and a digest of our own code around it.
pub fn code() -> String {
    let mut hash = Sha256::new();
    for file in OURS {
        hash.update(file);
    }
    format!("{}, transcode {}", media::engine(), hex::encode(&hash.finalize()[..6]))
}

/// The address of one rendition of a plan, as SHA-256. `sha256` is the source's, in hex; `code` is [`code`].
///
/// # Errors
/// When the rendition names an encode that the plan does not have.
pub fn address(
    plan: &Plan,
    rendition: &PlannedRendition,
    source: &MediaInfo,
    sha256: &str,
    code: &str,
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
        "source": sha256, "code": code, "segments": segments, "sound": sound, "assemble": assemble, "qc": qc,
    });
    Ok(Sha256::digest(serde_json::to_vec(&whole)?).into())
}

/// The addresses of all files of a plan, as this code makes them.
///
/// # Errors
/// When the plan contradicts itself.
pub fn addresses(plan: &Plan, source: &MediaInfo, sha256: &[u8]) -> Result<Vec<[u8; 32]>> {
    let (sha256, code) = (hex::encode(sha256), code());
    plan.renditions.iter().map(|rendition| address(plan, rendition, source, &sha256, &code)).collect()
}

/// The plan that makes this rendition only, without the names that plans give.
fn alone(plan: &Plan, rendition: &PlannedRendition) -> Result<Plan> {
    let mut videos = Vec::new();
    let mut audios = Vec::new();
    let mut only = PlannedRendition {
        name: RenditionName::new("only"),
        partners: Vec::new(),
        because: Vec::new(),
        // Cut out of the finished file, for whoever wants them.
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
