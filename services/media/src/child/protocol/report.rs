//! What a child answers: one report for each kind of job.
use pipeline::fingerprint::Fingerprint;
use pipeline::id::EncodeId;
use pipeline::media_info::MediaInfo;
use pipeline::rendition::QcCheck;
use serde::{Deserialize, Serialize};

/// The answer to [`Job::Probe`](super::Job::Probe).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// What was measured.
    pub media_info: MediaInfo,
    /// What the work looks and sounds like, to find it again.
    #[serde(default)]
    pub fingerprint: Fingerprint,
}

/// The answer to [`Job::EncodeSegment`](super::Job::EncodeSegment).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentReport {
    /// One for each encode, in the request's order.
    pub encodes: Vec<EncodedSegment>,
}

/// One file that [`Job::EncodeSegment`](super::Job::EncodeSegment) left in the output directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncodedSegment {
    /// Which encode.
    pub id: EncodeId,
    /// Plain file name in the output directory.
    pub file: String,
    /// Frames in it.
    pub frames: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// SPS and PPS (the avcC record) in hexadecimal: equal for all segments of one encode.
    pub parameter_sets: String,
}

/// The answer to [`Job::EncodeAudio`](super::Job::EncodeAudio).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioReport {
    /// One for each encode, in the request's order.
    pub encodes: Vec<EncodedAudio>,
}

/// One file that [`Job::EncodeAudio`](super::Job::EncodeAudio) left in the output directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncodedAudio {
    /// Which encode.
    pub id: EncodeId,
    /// Plain file name in the output directory.
    pub file: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Length of the sound in milliseconds.
    pub duration_ms: u64,
    /// Linear gain that was applied, dB.
    pub gain_db: f64,
    /// Integrated loudness of the decoded result, LUFS; `None` when silent.
    pub loudness_lufs: Option<f64>,
    /// True peak of the decoded result, dBTP; `None` for digital silence.
    pub true_peak_dbtp: Option<f64>,
    /// How often it was encoded until the true peak held.
    pub passes: u32,
}

/// The answer to [`Job::Assemble`](super::Job::Assemble).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssembleReport {
    /// Size of the mp4 in bytes.
    pub bytes: u64,
    /// Frames of picture in it.
    pub frames: u64,
    /// Length of the picture in milliseconds.
    pub duration_ms: u64,
    /// Segments of a joined picture that overdraw the decoder's buffer, in order. Each is encoded again for the fill with which
    /// it really begins. The file is not used while there is one that can be encoded again.
    pub overdrawn: Vec<Overdrawn>,
    /// Segments that were encoded for another fill than the plan's, because they overdrew the buffer before.
    pub encoded_again: Vec<u32>,
}

/// The answer to [`Job::Covers`](super::Job::Covers).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoversReport {
    /// The whole picture.
    pub whole: Cover,
    /// The others, in the request's order.
    pub covers: Vec<Cover>,
}

/// A segment that breaks the cap when it follows the ones before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overdrawn {
    /// Position in the plan.
    pub segment: u32,
    /// What the decoder's buffer really holds at its seam, 0 to 1.
    pub held: f64,
    /// The lowest point within it, below 0, kbit.
    pub lowest_kbit: f64,
}

/// A cover that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cover {
    /// Plain file name in the output directory.
    pub file: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Size in bytes.
    pub bytes: u64,
    /// Where in the picture it was taken, ms.
    pub at_ms: u64,
}

/// The answer to [`Job::Qc`](super::Job::Qc).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QcReport {
    /// Whether every check passed: none failed, and none is invalid.
    pub pass: bool,
    /// All checks.
    pub checks: Vec<QcCheck>,
    /// What was measured of the finished file.
    pub info: MediaInfo,
    /// Stills in the output directory, by frame.
    #[serde(default)]
    pub stills: Vec<Still>,
}

/// Two JPEG files that [`Job::Qc`](super::Job::Qc) left: the middle of the same frame of source and rendition, unscaled.
/// [`still_file`](super::still_file) gives their names, by the pair's index in the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Still {
    /// Which frame of the output grid.
    pub frame: u64,
    /// Width of both in pixels.
    pub width: u32,
    /// Height of both in pixels.
    pub height: u32,
    /// SSIM of the two frames' luma, at most 1.
    pub ssim: f64,
    /// Size of the source's file.
    pub source_bytes: u64,
    /// Size of the rendition's file.
    pub rendition_bytes: u64,
}

/// The answer to [`Job::SelfTest`](super::Job::SelfTest).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfTestReport {
    /// Whether Landlock is in force.
    pub landlock: bool,
    /// Each thing tried.
    pub attempts: Vec<Attempt>,
}

/// One forbidden thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What: `open_etc_passwd`, `connect`, `execve`, …
    pub what: String,
    /// Whether the system refused.
    pub denied: bool,
    /// What the system said.
    pub answer: String,
}
