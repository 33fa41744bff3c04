//! Why content is refused: a stable code and a sentence in two languages. Our own faults are failures instead.
mod text;

use serde::{Deserialize, Serialize};

/// A reason to refuse, shown to the entrant. `code()` is stable; the API, the command line and the metrics use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Rejection {
    // ── the bytes ──
    /// The stored bytes do not have the digest that the client declared.
    DigestMismatch,
    /// The bytes are of a format that we do not open; `found` names it (`hls`, `ffconcat`, `png`, `unknown`).
    UnknownFormat {
        /// The format by its magic.
        found: String,
    },
    /// The file has no moving picture.
    NoVideo,
    /// The file refers to other files or addresses.
    ExternalReference,
    /// A stream uses a codec that we do not decode.
    UnsupportedCodec {
        /// ffmpeg's name of it, truncated; the container's four-character code if ffmpeg has none.
        codec: String,
    },
    /// More streams than any entry needs.
    TooManyStreams {
        /// How many.
        streams: u32,
    },
    /// More text in the file's tags than any entry needs.
    OversizedTags {
        /// How many bytes.
        bytes: u64,
    },
    /// The header of the picture or of the sound claims far more than can be decoded: cut off, or made to mislead
    /// players.
    MisleadingHeader {
        /// What the header claims, ms.
        claimed_ms: u64,
        /// What could be decoded, ms.
        decoded_ms: u64,
    },
    /// A picture larger than any entry needs.
    PictureTooLarge {
        /// Coded width in pixels.
        width: u32,
        /// Coded height in pixels.
        height: u32,
    },
    /// Size, pixel format, sample rate, channels or codec change midway.
    ChangesMidway {
        /// What changed: `picture_size`, `pixel_format`, `sample_rate`, `channels`, `codec`.
        what: String,
    },
    /// A significant part of the pictures have a time before that of the picture shown before them, so that part of the
    /// work would not be seen.
    TimeRunsBackwards {
        /// How many.
        frames: u64,
    },
    /// Nothing could be decoded, more was damaged than players tolerate, or the end is missing.
    Damaged {
        /// Packets or frames that were damaged.
        errors: u64,
        /// Whether the file's own headers claim more data than it has: nothing was decoded then.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        end_missing: bool,
    },
    /// The picture or the sound is encrypted, and there is no key.
    Encrypted {
        /// Four-character code of the scheme, such as `cenc`; empty if the file does not give it.
        scheme: String,
    },
    /// The decoder crashed on it.
    Undecodable,
    /// Decoding needed more time, memory, packets or frames than an entry may.
    BudgetExceeded {
        /// Which one: `time`, `memory`, `frames`, `packets`, `output`.
        budget: String,
    },

    // ── the call's rules ──
    /// Not mp4 by content.
    FormatNotAllowed {
        /// The format that it is.
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
    /// No sound, where the contest requires it.
    NoSound,
    /// Interlaced, and the contest does not accept it.
    Interlaced,
    /// High dynamic range, and the contest does not accept it.
    HighDynamicRange,

    /// The same bytes were entered before. The entrant must not learn which entry that is, or whose.
    AlreadyEntered,

    // ── people ──
    /// A reviewer refused it.
    ReviewRefused {
        /// In the reviewer's words.
        words: String,
    },
}

impl Rejection {
    /// Damage that was found while decoding.
    pub fn damaged(errors: u64) -> Self {
        Rejection::Damaged { errors, end_missing: false }
    }

    /// A file whose headers show that its end is missing.
    pub fn end_missing() -> Self {
        Rejection::Damaged { errors: 0, end_missing: true }
    }

    /// The stable code: the value of `code` in JSON, a label of the metrics, the name used in documents.
    pub fn code(&self) -> &'static str {
        match self {
            Rejection::DigestMismatch => "digest_mismatch",
            Rejection::UnknownFormat { .. } => "unknown_format",
            Rejection::NoVideo => "no_video",
            Rejection::ExternalReference => "external_reference",
            Rejection::UnsupportedCodec { .. } => "unsupported_codec",
            Rejection::TooManyStreams { .. } => "too_many_streams",
            Rejection::OversizedTags { .. } => "oversized_tags",
            Rejection::MisleadingHeader { .. } => "misleading_header",
            Rejection::PictureTooLarge { .. } => "picture_too_large",
            Rejection::ChangesMidway { .. } => "changes_midway",
            Rejection::TimeRunsBackwards { .. } => "time_runs_backwards",
            Rejection::Damaged { .. } => "damaged",
            Rejection::Encrypted { .. } => "encrypted",
            Rejection::Undecodable => "undecodable",
            Rejection::BudgetExceeded { .. } => "budget_exceeded",
            Rejection::FormatNotAllowed { .. } => "format_not_allowed",
            Rejection::TooShort { .. } => "too_short",
            Rejection::TooLong { .. } => "too_long",
            Rejection::ResolutionTooLow { .. } => "resolution_too_low",
            Rejection::AspectNotAllowed { .. } => "aspect_not_allowed",
            Rejection::NoSound => "no_sound",
            Rejection::Interlaced => "interlaced",
            Rejection::HighDynamicRange => "high_dynamic_range",
            Rejection::AlreadyEntered => "already_entered",
            Rejection::ReviewRefused { .. } => "review_refused",
        }
    }

    /// Whether decoding the file can show it. Only such reasons are accepted from the sandboxed child: it does not know
    /// the contest's rules, people's decisions, or the comparisons made outside of it.
    pub fn is_of_the_file(&self) -> bool {
        !matches!(
            self,
            Rejection::DigestMismatch
                | Rejection::FormatNotAllowed { .. }
                | Rejection::TooShort { .. }
                | Rejection::TooLong { .. }
                | Rejection::ResolutionTooLow { .. }
                | Rejection::AspectNotAllowed { .. }
                | Rejection::NoSound
                | Rejection::Interlaced
                | Rejection::HighDynamicRange
                | Rejection::AlreadyEntered
                | Rejection::ReviewRefused { .. }
        )
    }
}

#[cfg(test)]
mod tests;
