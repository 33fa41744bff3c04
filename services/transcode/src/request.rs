//! The requests to the sandboxed child for each part of a plan. Pure: directories and names in, request and deadline out.
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use media::protocol::{Job, Limits, Request};
use pipeline::id::EncodeId;
use pipeline::rendition::{AudioEncode, Plan, VideoEncode};

mod assembly;
mod encodes;

pub use assembly::{assemble, covers, qc, segment_file};
pub use encodes::{lost_segment, lost_sound, segment, segment_again, sound};

/// The mezzanine's name in every input directory. The entrant's own name is text to show and never comes here.
pub const SOURCE: &str = "source";
/// The finished rendition's name in the output directory.
pub const RENDITION: &str = "rendition.mp4";
/// The cover's name in the output directory.
pub const COVER: &str = "cover.jpg";
/// Most pairs of stills that quality control leaves: at up to 1 MiB a still (`Limits::qc`), at most 16 MiB a rendition.
pub const STILLS: u32 = 8;
/// The encoded sound's name in the input directory of an assembly.
pub const SOUND: &str = "sound";

/// Where a child reads and writes, and whether it may work without Landlock.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The one directory it reads.
    pub input: &'a Path,
    /// The one directory it writes.
    pub output: &'a Path,
    /// See `Request::allow_missing_landlock`.
    pub allow_missing_landlock: bool,
}

/// A request and its deadline.
#[derive(Clone, Debug)]
pub struct Timed {
    /// The request.
    pub request: Request,
    /// Wall-clock time after which the child is considered hung and is killed.
    pub deadline: Duration,
}

/// The encode `id` of the plan.
///
/// # Errors
/// When the plan has none of this name.
pub fn video<'a>(plan: &'a Plan, id: &EncodeId) -> Result<&'a VideoEncode> {
    plan.videos.iter().find(|video| video.id == *id).with_context(|| format!("the plan has no picture {id}"))
}

fn audio<'a>(plan: &'a Plan, id: &EncodeId) -> Result<&'a AudioEncode> {
    plan.audios.iter().find(|audio| audio.id == *id).with_context(|| format!("the plan has no sound {id}"))
}

fn timed(job: Job, limits: Limits, frames: u64, place: Place<'_>) -> Timed {
    let request = Request {
        input_dir: Some(place.input.to_owned()),
        output_dir: Some(place.output.to_owned()),
        limits,
        allow_missing_landlock: place.allow_missing_landlock,
        job,
    };
    // Ten minutes for what does not grow with the frames: process start, reading and writing the files.
    Timed { request, deadline: Duration::from_secs(600 + frames) }
}
