//! What a finished part leaves, in the form in which the part's row stores it: its output, and the finished files.
use std::collections::BTreeMap;

use pipeline::fingerprint::Fingerprint;
use pipeline::id::EncodeId;
use pipeline::media_info::MediaInfo;
use pipeline::rendition::Plan;
use pipeline::screening::Verdict;
use serde::{Deserialize, Serialize};

use crate::objects::StoredFile;
use crate::store::work::fingerprints::Seat;

mod files;

pub use files::{ReusedFrom, StoredComparison, StoredCover, StoredPreview, StoredRendition};

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
