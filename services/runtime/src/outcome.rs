//! A handler's result at the end of a part, and the form in which the part's row stores it.
use std::collections::BTreeMap;
use std::time::Duration;

use pipeline::fingerprint::Fingerprint;
use pipeline::id::{EncodeId, PartnerId, SubmissionId};
use pipeline::media_info::MediaInfo;
use pipeline::object_key::PreviewFile;
use pipeline::rejection::Rejection;
use pipeline::rendition::{Plan, QcCheck};
use pipeline::screening::{Aspect, Verdict};
use serde::{Deserialize, Serialize};

pub use crate::objects::StoredFile;
pub use crate::store::calls::OverBudget;
pub use crate::store::fingerprints::Seat;

/// How a part ended. An error instead of one of these is a failure of ours, and is retried.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one for each part, which takes seconds")]
pub enum Outcome {
    /// Done, with this output.
    Done(Output),
    /// The content cannot be accepted. Final, and reported to the entrant.
    Rejected(Rejection),
    /// No failure, but it is too early: try again after this time. It does not count as an attempt.
    Later(Duration),
    /// The partner's budget is used up: the part reserves a call and waits for its time. It does not count as an
    /// attempt.
    OverBudget(OverBudget),
    /// Our failure, and another attempt would fail the same way: parked immediately with this evidence, for a person.
    Parked(String),
}

/// What a stage records of a part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "there is one for each part, which takes seconds")]
pub enum Output {
    /// Probe: what the mezzanine is.
    Probed {
        /// What was measured.
        media_info: MediaInfo,
        /// Its picture and sound fingerprint. Stored in a separate table and not with the part, because it is long and
        /// of no use to people.
        #[serde(skip)]
        fingerprint: Fingerprint,
        /// SHA-256 of the stored bytes, lower-case hex.
        sha256: String,
        /// Their number.
        bytes: u64,
        /// The preview for reviewers; `None` if none could be made.
        #[serde(default)]
        preview: Option<StoredPreview>,
    },
    /// Screen: whether it may enter, and what is to be made from it. A verdict that fails refuses the submission.
    Screened {
        /// Rule by rule.
        verdict: Verdict,
        /// Present exactly when the verdict passes.
        plan: Option<Plan>,
        /// The newest seat of the contest that it was compared with; `None` if the contest does not compare. If a
        /// relevant seat was taken since, the entry is screened again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        compared: Option<Seat>,
    },
    /// Transcode: one segment or the sound.
    Encoded {
        /// One file for each encode of the plan that this part makes.
        files: BTreeMap<EncodeId, StoredFile>,
        /// What the encoder measured; the transcode service defines its format.
        report: serde_json::Value,
    },
    /// Assemble: one finished rendition that passed QC.
    Assembled {
        /// Where it is and what it is.
        rendition: StoredRendition,
    },
    /// Publish: the partner has what it should have (or, after a recall, no longer has it).
    Published {
        /// What was handed over and where it is; the publish service defines its format.
        receipt: serde_json::Value,
    },
}

impl StoredRendition {
    /// All of its files.
    pub fn files(&self) -> impl Iterator<Item = &StoredFile> {
        let stills = self.comparison.iter().flat_map(|pair| [&pair.source, &pair.rendition]);
        std::iter::once(&self.video).chain(&self.cover).chain(self.covers.iter().map(|cover| &cover.file)).chain(stills)
    }
}

/// The same frame of source and rendition, as stills for people: JPEG, pixel for pixel, the middle of the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredComparison {
    /// Which frame of the rendition.
    pub frame: u64,
    /// Time of the frame, ms from the start.
    pub at_ms: u64,
    /// Width of both in pixels.
    pub width: u32,
    /// Height of both in pixels.
    pub height: u32,
    /// SSIM of their luma, 1 for equal frames.
    pub ssim: f64,
    /// The source's, scaled as the rendition is.
    pub source: StoredFile,
    /// The rendition's.
    pub rendition: StoredFile,
}

/// A cover for partners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCover {
    /// The shape that it was made for.
    pub aspect: Aspect,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// The largest permitted file, bytes.
    #[serde(default)]
    pub max_bytes: Option<u64>,
    /// Where in the picture it was taken, ms.
    pub at_ms: u64,
    /// The partners that get it.
    pub partners: Vec<PartnerId>,
    /// The file: JPEG.
    pub file: StoredFile,
}

/// The preview for reviewers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPreview {
    /// The work as a small mp4.
    pub proxy: StoredFile,
    /// The storyboard's sheet: JPEG.
    pub storyboard: StoredFile,
    /// The storyboard's cues: WebVTT.
    pub cues: StoredFile,
}

impl StoredPreview {
    /// All of its files.
    pub fn files(&self) -> [&StoredFile; 3] {
        PreviewFile::ALL.map(|file| self.file(file))
    }

    /// One of its files.
    pub fn file(&self, file: PreviewFile) -> &StoredFile {
        match file {
            PreviewFile::Proxy => &self.proxy,
            PreviewFile::Storyboard => &self.storyboard,
            PreviewFile::Cues => &self.cues,
        }
    }
}

/// A rendition that passed QC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredRendition {
    /// The file.
    pub video: StoredFile,
    /// A still picture to show with it.
    pub cover: Option<StoredFile>,
    /// Still pictures that were cut out of it for partners.
    #[serde(default)]
    pub covers: Vec<StoredCover>,
    /// Frames of it beside the source's, in order. Empty if the picture was copied, and for files older than this
    /// column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparison: Vec<StoredComparison>,
    /// Display width in pixels.
    pub width: u32,
    /// Display height in pixels.
    pub height: u32,
    /// Duration in milliseconds.
    pub duration_ms: u64,
    /// What quality control measured.
    pub qc: Vec<QcCheck>,
    /// The engine that made it, such as `reelmill 0.2.0, ffmpeg 5.1.9, x264 164`.
    pub engine: String,
    /// Its address, hex: a digest of everything that determines the file. `None` from before addresses existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artefact: Option<String>,
    /// The file of which it is a copy, if it was not made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused_from: Option<ReusedFrom>,
}

/// Where a finished file was reused from. For internal use, not for other entrants: it may belong to another entry with
/// the same source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReusedFrom {
    /// The submission.
    pub submission: SubmissionId,
    /// The run that made it, or reused it itself.
    pub run: u32,
}
