//! What the parent sends to a child: the job with its limits and the names of its files. The answers are in `protocol/report.rs`. Plain
//! data: no ffmpeg type crosses here.
use std::path::{Component, Path, PathBuf};

use pipeline::id::EncodeId;
use pipeline::media_info::{MediaInfo, Ratio};
use pipeline::object_key::Compared;
use pipeline::rejection::Rejection;
use pipeline::rendition::{AudioEncode, Picture, Segment, VideoEncode};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

mod limits;
mod report;

pub use limits::Limits;
pub use report::{
    AssembleReport, Attempt, AudioReport, Cover, CoversReport, EncodedAudio, EncodedSegment, Overdrawn, ProbeReport,
    QcReport, SegmentReport, SelfTestReport, Still,
};

/// The longest request that a child reads.
pub const MAX_REQUEST_BYTES: u64 = 4 << 20;

/// One job for one child process: written to its stdin as JSON, then stdin is closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The one directory that may be read. Absolute.
    pub input_dir: Option<PathBuf>,
    /// The one directory that may be written. Absolute.
    pub output_dir: Option<PathBuf>,
    /// What the job may use.
    pub limits: Limits,
    /// Whether to work on a kernel without Landlock; otherwise such a kernel is a failure.
    pub allow_missing_landlock: bool,
    /// What to do.
    pub job: Job,
}

/// What a child does. File names are plain names within the request's directories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Read what the headers of `file` claim, and decode no more than it takes to find the streams. Answers an
    /// [outline](pipeline::media_info::Outline), or null where they do not say how long it is. Only the two ends of the file need to be
    /// present, in a file of the full size.
    Outline {
        /// Plain file name.
        file: String,
    },
    /// Decode `file` of the input directory once and measure it. Answers [`ProbeReport`]. Where there is an output directory, the
    /// same decode leaves [`PROXY`], [`SHEET`] and [`CUES`] there, unless the source lasts for more than four hours; without one
    /// nothing is written, and no cover candidates are looked for.
    Probe {
        /// Plain file name.
        file: String,
    },
    /// Encode one stretch of the picture of `file` once per encode, from one decode. Answers [`SegmentReport`].
    EncodeSegment {
        /// The mezzanine: plain file name in the input directory.
        file: String,
        /// How decoded frames become output frames.
        picture: Picture,
        /// Which output frames.
        segment: Segment,
        /// Encoders begin a few frames before the segment, whose output is discarded, so that it begins as it would within one piece.
        /// Not where `buffer_start` is to hold at the segment's first frame, rather than then.
        warm_up: bool,
        /// Each leaves a file in the output directory.
        encodes: Vec<VideoEncode>,
    },
    /// Encode the whole sound of `file` once per encode, from one decode, cut and padded to the picture. Answers
    /// [`AudioReport`].
    EncodeAudio {
        /// The mezzanine: plain file name in the input directory.
        file: String,
        /// Where on the file's timeline the output begins: `Picture::output_start_ms`.
        picture_start_ms: i64,
        /// Frames of the output, which with `frame_rate` give the length of the sound.
        frames: u64,
        /// Rate of the output.
        frame_rate: Ratio,
        /// Each leaves a file in the output directory. All with the same `stream`.
        encodes: Vec<AudioEncode>,
    },
    /// Join or copy the picture, add the sound, write one finished mp4. Answers [`AssembleReport`].
    Assemble {
        /// Where the picture comes from.
        picture: PictureInput,
        /// The encoded sound: plain file name in the input directory.
        sound: Option<String>,
        /// The AI label to keep, as found in the source.
        aigc: Option<String>,
        /// Plain name of the mp4 to write in the output directory.
        output: String,
    },
    /// Cut covers out of one picture of a finished mp4. Answers [`CoversReport`].
    Covers {
        /// The mp4: plain file name in the input directory.
        file: String,
        /// How long it is.
        duration_ms: u64,
        /// Plain name of the whole picture's file (JPEG) in the output directory.
        whole: String,
        /// More of them, cut out of the same picture.
        covers: Vec<CoverWish>,
        /// Moments for them, ms after the first picture, best first; a few key frames are looked at where there is none.
        moments_ms: Vec<u64>,
    },
    /// Open a finished rendition again, decode all of it, and compare it with what was wanted. Answers [`QcReport`].
    Qc {
        /// The finished file: plain file name in the input directory.
        file: String,
        /// What it should be.
        expected: Expected,
        /// What the source was.
        source: Box<MediaInfo>,
        /// The source itself; `None` leaves its frames uncompared.
        mezzanine: Option<Mezzanine>,
        /// Most pairs of stills of compared frames to leave in the output directory. Without a directory none are left.
        #[serde(default)]
        stills: u32,
    },
    /// Read the cells of a spreadsheet. Answers [`paper::Answer`]; no film and no codec is involved.
    Sheet {
        /// Plain file name.
        file: String,
        /// What the spreadsheet may be.
        limits: paper::Limits,
    },
    /// Try everything that the sandbox forbids. Answers [`SelfTestReport`].
    SelfTest,
}

/// Where [`Job::Assemble`] takes the picture from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureInput {
    /// All segments of one encode, in the plan's order.
    Joined {
        /// The encode that made them.
        encode: VideoEncode,
        /// Rate of the output grid.
        frame_rate: Ratio,
        /// One file each.
        segments: Vec<SegmentInput>,
    },
    /// The mezzanine's own stream, as it is.
    Copied {
        /// The mezzanine: plain file name in the input directory.
        file: String,
        /// Index of its picture stream.
        stream: u32,
    },
}

/// A JPEG to cut out of a picture. It has the shape of its size, which is no larger than the picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverWish {
    /// Plain name of the file to write in the output directory.
    pub file: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Largest file, bytes; the quality falls until it holds.
    pub max_bytes: Option<u64>,
}

/// One segment's file in the input directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentInput {
    /// Plain file name.
    pub file: String,
    /// Which stretch it holds.
    pub segment: Segment,
    /// Fill of the decoder's buffer that it was encoded for, 0 to 1.
    pub buffer_start: f64,
}

/// The source, beside a finished rendition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mezzanine {
    /// Plain file name in the input directory.
    pub file: String,
    /// How its decoded frames became output frames.
    pub picture: Picture,
}

/// What a finished rendition should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// Display width in pixels.
    pub width: u32,
    /// Display height in pixels.
    pub height: u32,
    /// Frames.
    pub frames: u64,
    /// Frames a second.
    pub frame_rate: Ratio,
    /// The encode of the picture; `None` when it was copied.
    pub video: Option<VideoEncode>,
    /// The encode of the sound; `None` when there is to be none.
    pub audio: Option<AudioEncode>,
    /// The AI label that must be kept.
    pub aigc: Option<String>,
}

/// A line that a child writes to stdout: any number of `progress`, then exactly one of the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// How much is done, 0 to 1, never falling, at most 5 a second.
    Progress(f64),
    /// The job's report, see [`Job`] for its type.
    Done(serde_json::Value),
    /// The content is refused.
    Rejected(Rejection),
    /// We failed, and why, for the log.
    Failed(String),
}

/// The review proxy's name in the output directory.
pub const PROXY: &str = "proxy.mp4";

/// The storyboard's pictures, all on one sheet.
pub const SHEET: &str = "storyboard.jpg";

/// When which of them is to be shown, WebVTT.
pub const CUES: &str = "storyboard.vtt";

impl Request {
    /// The path of a plain file name in the input directory.
    pub(crate) fn input(&self, name: &str) -> Result<PathBuf> {
        inside(self.input_dir.as_deref(), "input", name)
    }

    /// The path of a plain file name in the output directory.
    pub(crate) fn output(&self, name: &str) -> Result<PathBuf> {
        inside(self.output_dir.as_deref(), "output", name)
    }
}

/// The name of the file that [`Job::EncodeSegment`] leaves of an encode.
pub fn video_file(encode: &EncodeId) -> String {
    format!("{encode}.mp4")
}

/// The name of a still that [`Job::Qc`] leaves, by the index of its pair.
pub fn still_file(place: usize, of: Compared) -> String {
    format!("still-{place}-{}.jpg", of.name())
}

/// The name of the file that [`Job::EncodeAudio`] leaves of an encode.
pub fn audio_file(encode: &EncodeId) -> String {
    format!("{encode}.m4a")
}

fn inside(dir: Option<&Path>, which: &str, name: &str) -> Result<PathBuf> {
    let dir = dir.ok_or_else(|| Error::Failed(format!("the request has no {which} directory")))?;
    let mut parts = Path::new(name).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(plain)), None) if plain == name => Ok(dir.join(name)),
        _ => Err(Error::Failed(format!("{name:?} is not a plain file name"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leaves_its_directory() {
        let dir = Some(Path::new("/in"));
        for wrong in ["", ".", "..", "../x", "/etc/passwd", "a/b", "a/"] {
            assert!(inside(dir, "input", wrong).is_err(), "{wrong}");
        }
        assert_eq!(inside(dir, "input", "source").unwrap(), Path::new("/in/source"));
        assert!(inside(None, "input", "source").is_err());
    }

    #[test]
    fn lines_look_as_documented() {
        let line = |line: &Line| serde_json::to_string(line).unwrap();
        assert_eq!(line(&Line::Progress(0.42)), r#"{"progress":0.42}"#);
        assert_eq!(line(&Line::Rejected(Rejection::NoVideo)), r#"{"rejected":{"code":"no_video"}}"#);
        assert_eq!(line(&Line::Failed("x".into())), r#"{"failed":"x"}"#);
    }
}
