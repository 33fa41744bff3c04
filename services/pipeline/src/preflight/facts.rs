//! What is known of a work on its way to one partner.
use serde::{Deserialize, Serialize};

use crate::id::RenditionName;
use crate::screening::Aspect;

/// The facts about a work on its way to one partner.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The renditions that the plan makes for the partner.
    pub wanted: Vec<RenditionName>,
    /// Those of them that are in force.
    pub renditions: Vec<RenditionFacts>,
    /// The covers that were made for the partner.
    pub covers: Vec<CoverFacts>,
    /// Title, description and tags as they would be sent.
    pub written: Written,
    /// Whether the entrant declared the work original.
    pub originality: bool,
    /// Whether the entrant declared to hold the rights.
    pub rights: bool,
    /// Whether the entrant declared if and how AI was used.
    pub ai_declared: bool,
    /// Whether the organisers released it to this partner.
    pub released: bool,
    /// Whether it is still wanted there: not withdrawn, revoked or recalled.
    pub wanted_live: bool,
}

/// Texts that an organiser wrote for one partner. Missing ones are taken from the entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Texts {
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub text: Option<String>,
    /// Tags.
    pub tags: Option<Vec<String>>,
}

/// The texts of a work at a partner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Title.
    pub title: String,
    /// Description.
    pub text: String,
    /// Tags.
    pub tags: Vec<String>,
}

impl Written {
    /// An organiser's texts for the partner, else the entry's own; the tag of an entry is its theme's name.
    pub fn of(own: Option<&Texts>, title: &str, synopsis: &str, theme: &str) -> Self {
        let own = own.cloned().unwrap_or_default();
        Self {
            title: own.title.unwrap_or_else(|| title.to_owned()),
            text: own.text.unwrap_or_else(|| synopsis.to_owned()),
            tags: own.tags.unwrap_or_else(|| vec![theme.to_owned()]),
        }
    }
}

/// One finished file.
#[derive(Clone, Debug)]
pub struct RenditionFacts {
    /// Its name in the plan.
    pub name: RenditionName,
    /// Size in bytes.
    pub bytes: u64,
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Whether it was checked and every check passed.
    pub passed_qc: bool,
}

/// One cover that was made for the partner.
#[derive(Clone, Debug)]
pub struct CoverFacts {
    /// The shape that it was made for.
    pub aspect: Aspect,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Size in bytes.
    pub bytes: u64,
}
