//! What is made of one entry, for whom, and why. Pure: the same source, partners and ladder always give the same plan.
//!
//! Each partner's wish becomes an effective file, capped by what the source has and what the partner accepts; equal
//! encodes are made once; a source that already satisfies a partner is passed through; the timeline is cut at multiples
//! of the GOP. The number of threads of an encode is in the plan, too: x264's output depends on it, and must not depend
//! on the machine.
//!
//! | question | file |
//! |---|---|
//! | what does each partner get? | `wish` |
//! | may the source's picture be passed through? | `passthrough` |
//! | which size, bit rate, frame rate and level has the output? | `picture`, `frame_rate`, `level` |
//! | which settings reach the rung's quality in the least time? | `quality` |
//! | what is made once for several partners? | `merge` |
//! | where is the timeline cut? | `segments`, `effort` |
//! | which covers are cut? | `covers` |
//! | why, and what does it cost? | `why`, `explain`, `estimate` |
use std::collections::BTreeMap;

use crate::catalogue::Ladders;
use crate::media_info::MediaInfo;
use crate::partner::Partner;
use crate::rendition::{Plan, VideoSource};

mod covers;
mod effort;
mod estimate;
mod explain;
mod frame_rate;
mod level;
mod merge;
mod passthrough;
mod picture;
mod quality;
mod segments;
mod why;
mod wish;

use effort::Effort;
pub use estimate::{Estimate, RenditionEstimate};
pub use explain::{How, Line, explain};

/// Plans what to make of a source for these partners, in their order. A rung that the ladder does not have is skipped:
/// the catalogue is checked for that when it is read.
pub fn plan(info: &MediaInfo, partners: &[&Partner], ladders: &Ladders) -> Plan {
    let (picture, picture_why) = picture::of(info);
    let mut plan = Plan {
        picture,
        segments: Vec::new(),
        videos: Vec::new(),
        audios: Vec::new(),
        renditions: Vec::new(),
        partners: partners.iter().map(|partner| partner.id.clone()).collect(),
        effort_ms: BTreeMap::new(),
    };
    for partner in partners {
        for wish in wish::wishes(info, &plan.picture, partner, ladders) {
            merge::add(&mut plan, wish);
        }
    }
    for rendition in &mut plan.renditions {
        if rendition.video != VideoSource::Copied {
            rendition.because.extend(picture_why.iter().cloned());
        }
        rendition.because.extend(why::shared(&rendition.partners));
    }
    covers::add(&mut plan, partners);
    if !plan.videos.is_empty() {
        let gop_frames = frame_rate::gop_frames(plan.picture.frame_rate, ladders.gop_s);
        let timeline = segments::Timeline {
            frames: plan.picture.frames,
            gop_frames,
            rate: plan.picture.frame_rate,
            scene_changes_ms: &info.video.scene_changes_ms,
            effort: &Effort::of(info, &plan.picture),
        };
        plan.segments = segments::cut(&timeline, ladders.segment_s);
        if plan.segments.len() > 1 {
            for video in &mut plan.videos {
                video.buffer_start = ladders.segment_buffer_start;
                // Segments in parallel keep the cores busier than the threads of one encoder can, and cost less in
                // total.
                video.threads = 1;
            }
        }
    }
    plan.effort_ms = Estimate::of(&plan, info).effort_ms(&plan);
    plan
}

#[cfg(test)]
pub(crate) mod tests;
