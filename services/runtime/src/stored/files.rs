//! Finished files with what is known about them: renditions, their covers and comparisons, and previews.
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::object_key::PreviewFile;
use pipeline::rendition::QcCheck;
use pipeline::screening::Aspect;
use serde::{Deserialize, Serialize};

use crate::objects::StoredFile;

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

/// Where a finished file was reused from. For internal use, not for other entrants: it may belong to another entry with
/// the same source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReusedFrom {
    /// The submission.
    pub submission: SubmissionId,
    /// The run that made it, or reused it itself.
    pub run: u32,
}
