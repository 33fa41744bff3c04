//! Why content is refused: a stable code, and a sentence in Chinese and English. Ours to mend is a failure, not a rejection.
use serde::{Deserialize, Serialize};

/// A reason to refuse, told to the entrant. `code()` is stable; the API, the command line and the metrics read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Rejection {
    // ── the bytes ──
    /// The stored bytes do not have the digest that the client declared.
    DigestMismatch,
    /// The bytes are no format that we open at all; `found` is what they look like (`hls`, `ffconcat`, `png`, `unknown`).
    UnknownFormat {
        /// What the magic says.
        found: String,
    },
    /// The file has no moving picture.
    NoVideo,
    /// The file refers to other files or addresses.
    ExternalReference,
    /// A stream uses a codec that we do not decode.
    UnsupportedCodec {
        /// ffmpeg's name of it, clipped.
        codec: String,
    },
    /// More streams than any entry needs.
    TooManyStreams {
        /// How many.
        streams: u32,
    },
    /// A picture larger than any entry needs.
    PictureTooLarge {
        /// Coded width in pixels.
        width: u32,
        /// Coded height in pixels.
        height: u32,
    },
    /// Size, pixel format, sample rate or channels change midway.
    ChangesMidway {
        /// What changed: `picture_size`, `pixel_format`, `sample_rate`, `channels`.
        what: String,
    },
    /// Nothing could be decoded, or more of it was damaged than players forgive.
    Damaged {
        /// Packets or frames that were damaged.
        errors: u64,
    },
    /// The decoder crashed on it.
    Undecodable,
    /// Decoding needed more time, memory, packets or frames than an entry may.
    BudgetExceeded {
        /// Which: `time`, `memory`, `frames`, `packets`, `output`.
        budget: String,
    },

    // ── the call's rules ──
    /// Not mp4 by content.
    FormatNotAllowed {
        /// What it is.
        found: String,
    },
    /// Too short.
    TooShort {
        /// Measured, ms.
        duration_ms: u64,
        /// Allowed, ms.
        min_ms: u64,
    },
    /// Too long.
    TooLong {
        /// Measured, ms.
        duration_ms: u64,
        /// Allowed, ms.
        max_ms: u64,
    },
    /// The short side of the display size is too small.
    ResolutionTooLow {
        /// Measured, pixels.
        short_side: u32,
        /// Required, pixels.
        min_short_side: u32,
    },
    /// Neither of the allowed aspects.
    AspectNotAllowed {
        /// Display width, pixels.
        width: u32,
        /// Display height, pixels.
        height: u32,
    },

    // ── people ──
    /// A reviewer said no.
    ReviewRefused {
        /// In the reviewer's words.
        words: String,
    },
}
