//! The files to assemble.
use serde::{Deserialize, Serialize};

use super::because::Because;
use crate::id::{EncodeId, PartnerId, RenditionName};
use crate::screening::Aspect;

/// The source of a rendition's picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoSource {
    /// Remuxed from the mezzanine, which the partner accepts unchanged.
    Copied,
    /// Joined from the segments of this encode.
    Encoded(EncodeId),
}

/// One file to assemble, and why it is made this way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedRendition {
    /// Its name: the ladder's rung, followed by `-copy` if the picture is passed through.
    pub name: RenditionName,
    /// Picture.
    pub video: VideoSource,
    /// Sound; `None` makes a file without a sound track.
    pub audio: Option<EncodeId>,
    /// The partners that get it.
    pub partners: Vec<PartnerId>,
    /// Display size in pixels.
    pub width: u32,
    /// See `width`.
    pub height: u32,
    /// The reasons: one sentence each, English and Chinese, such as "capped by the source's 720 lines".
    pub because: Vec<Because>,
    /// Still pictures to cut out of it for its partners.
    #[serde(default)]
    pub covers: Vec<PlannedCover>,
}

/// A still picture (JPEG) to cut out of a rendition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedCover {
    /// Its shape; `width` and `height` match it to a pixel.
    pub aspect: Aspect,
    /// Pixels; no more than the rendition has.
    pub width: u32,
    /// See `width`.
    pub height: u32,
    /// Largest file, bytes.
    pub max_bytes: Option<u64>,
    /// The partners that get it.
    pub partners: Vec<PartnerId>,
}
