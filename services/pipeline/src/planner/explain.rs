//! A plan for people: for each partner and each of its files, whether it is copied, shared or encoded, because of which
//! limits, and the cost. What is shared is counted once, for the first partner. Pure.
use serde::Serialize;

use super::estimate::Estimate;
use crate::id::{PartnerId, RenditionName};
use crate::rendition::{About, Because, Plan, PlannedRendition, VideoSource};

/// How a partner's file is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum How {
    /// The source's picture is passed through.
    Copied,
    /// The picture is encoded for this file.
    Encoded,
    /// Another file's picture, with a sound of its own.
    SharesPicture {
        /// The other file.
        rendition: RenditionName,
    },
    /// The same file that another partner gets.
    Shared {
        /// The partner whose line is above.
        with: PartnerId,
    },
}

/// One file of one partner.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Who gets it.
    pub partner: PartnerId,
    /// Its name in the plan.
    pub rendition: RenditionName,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How it is made.
    #[serde(flatten)]
    pub how: How,
    /// The limits that decided: why it is not passed through, its size, its cap, its settings,
    /// its frame rate.
    pub because: Vec<Because>,
    /// Encoding, joining and checking it, seconds of one core; 0 if a line above has the cost.
    pub cpu_s: f64,
    /// Its estimated size.
    pub bytes: u64,
}

/// Every file of every partner, in the plan's order of partners. Decoding the source is not included: it is done once
/// for all.
pub fn explain(plan: &Plan, estimate: &Estimate) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for partner in &plan.partners {
        for (index, rendition) in plan.renditions.iter().enumerate() {
            if !rendition.partners.contains(partner) {
                continue;
            }
            let before = lines.iter().find(|line| line.rendition == rendition.name);
            let how = match before {
                Some(line) => How::Shared { with: line.partner.clone() },
                None => how(plan, &lines, rendition),
            };
            let guess = estimate.renditions.get(index);
            let takes = guess.map_or(0.0, |guess| guess.encode_cpu_s + guess.assemble_cpu_s);
            lines.push(Line {
                partner: partner.clone(),
                rendition: rendition.name.clone(),
                width: rendition.width,
                height: rendition.height,
                because: limits(rendition, partner),
                cpu_s: if before.is_some() { 0.0 } else { takes },
                bytes: guess.map_or(0, |guess| guess.bytes),
                how,
            });
        }
    }
    lines
}

/// How a file without a line so far is made.
fn how(plan: &Plan, lines: &[Line], rendition: &PlannedRendition) -> How {
    if rendition.video == VideoSource::Copied {
        return How::Copied;
    }
    let same_picture = |line: &&Line| {
        let other = plan.renditions.iter().find(|other| other.name == line.rendition);
        other.is_some_and(|other| other.video == rendition.video)
    };
    match lines.iter().find(same_picture) {
        Some(line) => How::SharesPicture { rendition: line.rendition.clone() },
        None => How::Encoded,
    }
}

/// The limits that decided about the picture for this partner: its own before those of the rung and the source.
fn limits(rendition: &PlannedRendition, partner: &PartnerId) -> Vec<Because> {
    use About::{Bitrate, Copied, FrameRate, Length, Merged, NotCopied, Quality, Size};
    let decides = [Copied, NotCopied, Merged, Size, Bitrate, Quality, FrameRate, Length];
    let mut limits = Vec::new();
    for about in decides {
        let of = |whose: Option<&PartnerId>| {
            let mut all = rendition.because.iter();
            all.find(|because| because.about == Some(about) && because.partner.as_ref() == whose).cloned()
        };
        limits.extend(of(Some(partner)).or_else(|| of(None)));
    }
    limits
}
