//! The whole pipeline of one submission, as a value: `advance` takes an event and returns the parts to start. Events are
//! in `event`, states in `state`, what each event changes in `transition`, what a run makes in `work`.
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::PartnerId;
use crate::part::{Part, PartToDo};
use crate::stage::Stage;

pub use event::{Event, Redo};
pub use state::{Phase, State};
pub use work::{Gate, Gates, Work};

mod event;
mod state;
mod transition;
mod work;

/// One submission's path through the pipeline. What a run makes is in `work`; the store knows who does it, and how
/// often it was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// The number of this pass, from 1. Reprocessing and another film start the next one; a late report of an older run
    /// changes nothing.
    pub run: u32,
    /// Its state.
    pub state: State,
    /// Which gates wait for a person: the contest's, as of the time of entry.
    pub gates: Gates,
    /// What is to be made; empty until screening has decided.
    pub work: Work,
    /// What a person requested for this run.
    #[serde(default, skip_serializing_if = "Redo::is_everything")]
    pub redo: Redo,
    /// Partners that it was recalled from. No run is published to them until a release names them again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub recalled: BTreeSet<PartnerId>,
    /// Whether the entrant is sending another film. The present one counts until that is complete.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replacing: bool,
}

impl Submission {
    /// A submission whose bytes have not arrived yet.
    pub fn new(gates: Gates) -> Self {
        let (redo, recalled) = (Redo::default(), BTreeSet::new());
        Self { run: 1, state: State::Uploading, gates, work: Work::default(), redo, recalled, replacing: false }
    }

    /// The partners of this run: planned, released to, not recalled from, and requested.
    pub fn publishes_to(&self) -> BTreeSet<PartnerId> {
        let asked = |partner: &&PartnerId| {
            let among = |some: &Option<BTreeSet<PartnerId>>| some.as_ref().is_none_or(|some| some.contains(*partner));
            among(&self.work.released) && among(&self.redo.partners) && !self.recalled.contains(*partner)
        };
        self.work.partners.iter().filter(asked).cloned().collect()
    }

    /// See [`State::is_settled`].
    pub fn is_settled(&self) -> bool {
        self.state.is_settled()
    }

    /// Whether a film may be uploaded: the first one, or a replacement.
    pub fn takes_upload(&self) -> bool {
        self.state == State::Uploading || self.replacing
    }

    /// Applies `event` and returns the parts to start, which belong to `self.run`. An event that is late, repeated, out
    /// of place or of another run changes nothing and starts nothing, so redelivery is harmless. Nothing else changes
    /// the state.
    pub fn advance(&mut self, event: Event) -> Vec<PartToDo> {
        let started = self.apply(event);
        // A work that was accepted, withdrawn or revoked keeps its film.
        self.replacing &= self.state.may_be_replaced();
        started
    }

    /// Whether `event` would change anything now. An act whose event changes nothing is refused.
    pub fn would_change(&self, event: Event) -> bool {
        let mut next = self.clone();
        next.advance(event);
        next != *self
    }

    /// Every part of a stage in this run, done or not. Empty for a stage without work.
    pub fn parts_of(&self, stage: Stage) -> BTreeSet<Part> {
        match stage {
            Stage::Probe | Stage::Screen => BTreeSet::from([Part::Mezzanine]),
            Stage::Transcode => (0..self.work.segments).map(Part::Segment).chain(self.sound()).collect(),
            Stage::Assemble => self.work.renditions.iter().cloned().map(Part::Rendition).collect(),
            Stage::Publish => self.publishes_to().into_iter().map(Part::Partner).collect(),
        }
    }

    fn sound(&self) -> Option<Part> {
        self.work.audio.then_some(Part::Audio)
    }
}

#[cfg(test)]
mod tests;
