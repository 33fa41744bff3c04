//! What a run makes, and the gates that it passes.
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{PartnerId, RenditionName};
use crate::rendition::Plan;

/// Whether a gate waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// A person opens it.
    Manual,
    /// It opens automatically.
    Automatic,
}

/// The gates of a contest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gates {
    /// Between screen and transcode.
    pub review: Gate,
    /// Between assemble and publish.
    pub release: Gate,
}

/// What screening decided to make: the parts of the later stages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Number of picture segments to encode.
    pub segments: u32,
    /// Whether sound is encoded.
    pub audio: bool,
    /// Renditions to assemble.
    pub renditions: BTreeSet<RenditionName>,
    /// Partners to publish to.
    pub partners: BTreeSet<PartnerId>,
    /// The partners that the organisers released it to; `None` is all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<BTreeSet<PartnerId>>,
}

impl Work {
    /// The parts of a plan. A plan that encodes no picture has no segments, one without sound no audio part.
    pub fn of(plan: &Plan) -> Self {
        Self {
            segments: if plan.videos.is_empty() { 0 } else { plan.segments.len() as u32 },
            audio: !plan.audios.is_empty(),
            renditions: plan.renditions.iter().map(|rendition| rendition.name.clone()).collect(),
            partners: plan.partners.iter().cloned().collect(),
            released: None,
        }
    }
}
