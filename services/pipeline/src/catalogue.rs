//! The contests, partners and ladders that exist: data in TOML, checked completely when it is read, so that no later
//! check is needed.
//!
//! | question | file |
//! |---|---|
//! | how is it read and checked? | `read`, `check`, `builtin` |
//! | what is in a contest's file? | `contest`, `fields`, `notice` |
//! | which encodes can partners choose from? | `ladders` |
//! | which reasons can reviewers choose from? | `phrases` |
//! | how long is data kept? | `retention` |
use std::collections::BTreeMap;

use serde::Serialize;

use crate::id::{ContestId, PartnerId};
use crate::partner::Partner;

mod builtin;
mod check;
mod contest;
mod fields;
mod ladders;
mod notice;
mod phrases;
mod read;
mod retention;

pub use contest::{Contest, Cure, LengthLimit, Theme, Unit};
pub use ladders::{Ladders, Purpose, Quicker, Rung};
pub use notice::{Office, Passage};
pub use phrases::Phrase;
pub use retention::Retention;

/// All data of an installation: contests, partners, the ladder, phrases and retention.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Catalogue {
    /// By id, the stem of `contests/ID.toml`.
    pub contests: BTreeMap<ContestId, Contest>,
    /// By id, the stem of `partners/ID.toml`.
    pub partners: BTreeMap<PartnerId, Partner>,
    /// `ladders.toml`.
    pub ladders: Ladders,
    /// `phrases.toml`, in its order; empty without it.
    pub phrases: Vec<Phrase>,
    /// `retention.toml`; without it everything is kept.
    pub retention: Retention,
}

/// An error in the catalogue. Its text names the file, the key and what is allowed; the process does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("catalogue file {file}: {}{problem}", key.as_ref().map(|key| format!("key {key}: ")).unwrap_or_default())]
pub struct CatalogueError {
    /// The file's name as given, such as `partners/bilibili.toml`.
    pub file: String,
    /// The dotted key, such as `rules.duration.min_ms`; `None` if the file as a whole is wrong.
    pub key: Option<String>,
    /// What is wrong, and what is allowed.
    pub problem: String,
}

impl Catalogue {
    /// The compiled-in catalogue: the contest of the call, the demo, nine partners and their ladder.
    pub fn builtin() -> Self {
        let catalogue = Self::from_files(&Self::builtin_files());
        // The files are compiled in, and a test reads them: only a build that fails its tests could panic here.
        catalogue.unwrap_or_else(|error| panic!("the built-in catalogue is wrong: {error}"))
    }

    /// The contest that is built in for trials. It is always open.
    pub const DEMO: &str = "demo";

    /// The same without [`Catalogue::DEMO`], which an installation has only if it enables it.
    #[must_use]
    pub fn without_demo(mut self) -> Self {
        self.contests.retain(|id, _| id.as_str() != Self::DEMO);
        self
    }

    /// The built-in files as (name, text), for export and for tests that change one.
    pub fn builtin_files() -> Vec<(String, String)> {
        builtin::FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    /// A contest by its id.
    pub fn contest(&self, id: &ContestId) -> Option<&Contest> {
        self.contests.get(id)
    }

    /// A phrase by its id.
    pub fn phrase(&self, id: &str) -> Option<&Phrase> {
        self.phrases.iter().find(|phrase| phrase.id == id)
    }

    /// A partner by its id.
    pub fn partner(&self, id: &PartnerId) -> Option<&Partner> {
        self.partners.get(id)
    }

    /// Every partner.
    pub fn partners(&self) -> impl Iterator<Item = &Partner> {
        self.partners.values()
    }

    /// A contest's partners, in its order.
    pub fn partners_of(&self, contest: &Contest) -> Vec<&Partner> {
        // Every name was looked up when the catalogue was read.
        contest.partners.iter().filter_map(|id| self.partners.get(id)).collect()
    }
}

#[cfg(test)]
mod tests;
