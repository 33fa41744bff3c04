//! What a handler says at the end of a part, and the form in which the part's row keeps it.
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
    /// Done, with this to show.
    Done(Output),
    /// The content cannot be accepted. Final, and told to the entrant.
    Rejected(Rejection),
    /// Nothing went wrong, but it is too early: ask again after this time. Not an attempt.
    Later(Duration),
    /// The partner's budget is used up: it reserves a call and waits for its time. Not an attempt.
    OverBudget(OverBudget),
    /// Our failure, and trying again would fail the same way: parked at once with this evidence, for a person to look at.
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
        /// What it looks and sounds like. Kept in a table of its own, and not with the part: it is long, and of no use to people.
        #[serde(skip)]
        fingerprint: Fingerprint,
        /// SHA-256 of the stored bytes, lower-case hex.
        sha256: String,
        /// How many they are.
        bytes: u64,
        /// What reviewers look at; `None` where none could be made.
        #[serde(default)]
        preview: Option<StoredPreview>,
    },
    /// Screen: may it enter, and what is to be made of it. A verdict that fails refuses the submission.
    Screened {
        /// Rule by rule.
        verdict: Verdict,
        /// Present exactly when the verdict passes.
        plan: Option<Plan>,
        /// The newest seat of the contest that it was compared with; `None` where the contest does not ask for it. If one
        /// that matters was taken since, the entry is screened again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        compared: Option<Seat>,
    },
    /// Transcode: one segment or the sound.
    Encoded {
        /// One file for each encode of the plan that this part makes.
        files: BTreeMap<EncodeId, StoredFile>,
        /// What the encoder measured; its form is the transcode service's own.
        report: serde_json::Value,
    },
    /// Assemble: one finished rendition that passed QC.
    Assembled {
        /// Where it lies and what it is.
        rendition: StoredRendition,
    },
    /// Publish: the partner has what it should have (or, after taking back, no longer has it).
    Published {
        /// What was handed over and where it lies; its form is the publish service's own.
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
    /// Time of the frame, ms from the beginning.
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
    /// The largest file that was wanted, bytes.
    #[serde(default)]
    pub max_bytes: Option<u64>,
    /// Where in the picture it was taken, ms.
    pub at_ms: u64,
    /// Who gets it.
    pub partners: Vec<PartnerId>,
    /// The file: JPEG.
    pub file: StoredFile,
}

/// What reviewers look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPreview {
    /// The work, small: mp4.
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
    /// Frames of it beside the source's, in order. Empty where the picture was copied, and for files older than this column.
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
    /// Its address, hex: a digest of everything that determines the file. `None` before there were addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artefact: Option<String>,
    /// Whose file it is a copy of, where it was not made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused_from: Option<ReusedFrom>,
}

/// Where a finished file was taken over from. For us, not for other entrants: it may be another entry with the same source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReusedFrom {
    /// Whose.
    pub submission: SubmissionId,
    /// The run that made it, or took it over itself.
    pub run: u32,
}
