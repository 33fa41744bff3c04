//! What is to be made: effective encodes, segments and renditions, as decided by the planner and made by media.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::PartnerId;
use crate::part::Part;

pub use because::{About, Because};
pub use encode::{AudioEncode, Target, VideoEncode};
pub use picture::{Picture, Segment};
pub use planned::{PlannedCover, PlannedRendition, VideoSource};
pub use qc::{QcCheck, QcOutcome};

mod because;
mod encode;
mod picture;
mod planned;
mod qc;

/// Everything that is made of one mezzanine in one run. Pure data: stored with the run, shown by `plan`, followed by
/// workers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// How the decoded picture becomes the frames that are scaled; common to all encodes.
    pub picture: Picture,
    /// Where the picture is cut; consecutive, covering every output frame.
    pub segments: Vec<Segment>,
    /// Distinct encodes of the picture. Empty if all is passed through.
    pub videos: Vec<VideoEncode>,
    /// Distinct encodes of the sound. Empty if the source has none and no partner wants a silent track.
    pub audios: Vec<AudioEncode>,
    /// The files to assemble.
    pub renditions: Vec<PlannedRendition>,
    /// The work's partners, in the contest's order.
    pub partners: Vec<PartnerId>,
    /// The expected cost of each part of transcode and assemble, ms of one core. The longest is begun first, so that
    /// the last part to finish is short. No output depends on it.
    #[serde(default)]
    pub effort_ms: BTreeMap<Part, u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_of_old_are_still_read() {
        let read = |text: &str| serde_json::from_str::<QcCheck>(text).unwrap().outcome;
        assert_eq!(read(r#"{"check":"a","measured":"1","limit":"1","pass":true}"#), QcOutcome::Pass);
        assert_eq!(read(r#"{"check":"a","measured":"2","limit":"1","pass":false}"#), QcOutcome::Fail);
        assert_eq!(read(r#"{"check":"a","measured":"2","limit":"1"}"#), QcOutcome::Invalid);
        for outcome in [QcOutcome::Pass, QcOutcome::Fail, QcOutcome::Invalid] {
            let check = QcCheck { check: "a".into(), measured: "1".into(), limit: "2".into(), outcome };
            let text = serde_json::to_string(&check).unwrap();
            assert!(text.contains(&format!(r#""outcome":"{}""#, outcome.name())), "{text}");
            assert_eq!(serde_json::from_str::<QcCheck>(&text).unwrap(), check);
        }
    }
}
