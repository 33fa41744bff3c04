//! The wishes of people and runs for a delivery: how they change the desired state, and what must be recalled first.
use super::{Delivery, Desired, IntentId, Observed, Phase, RecallBy, RecallStep};

impl Delivery {
    pub(super) fn wanted(&mut self, run: u32) {
        // An older run's wish is late. A delivery in progress or done is left alone: partners do not replace a video.
        if run < self.run {
            return;
        }
        match self.observed.phase() {
            // Files there of an older run are removed first; those of this run are continued.
            Phase::Planned if self.begun && run > self.run => self.make_room_for(run),
            Phase::Planned if self.begun => {}
            // A new run of a work released for a later time keeps that time.
            Phase::Planned => *self = Self { not_before: self.not_before, ..Self::new(run) },
            Phase::Ended => *self = Self::new(run),
            // Wanted again during its recall: it is sent once it is gone.
            Phase::Sent | Phase::Recalling if self.desired == Desired::Gone => self.then = self.then.max(Some(run)),
            Phase::Sent | Phase::Recalling => {}
        }
    }

    /// Recalls what is or may be there, and remembers what comes after it. If nothing is there, the run's package is
    /// simply next.
    pub(super) fn replace(&mut self, run: u32) {
        if run <= self.run || self.then.is_some_and(|then| run <= then) {
            return;
        }
        // A work that a person recalled does not return because a new run made it again.
        if self.desired == Desired::Gone && self.then.is_none() {
            return;
        }
        match self.observed.phase() {
            Phase::Planned if self.begun => self.make_room_for(run),
            Phase::Planned | Phase::Ended => *self = Self::new(run),
            Phase::Sent | Phase::Recalling => self.make_room_for(run),
        }
    }

    /// Recalls what is or may be there; this run's package comes after it.
    fn make_room_for(&mut self, run: u32) {
        self.desired = Desired::Gone;
        self.then = Some(run);
        if self.observed == Observed::Planned {
            self.observed = self.nothing_counts();
        }
    }

    /// Back to `Planned`, with permission to do the last step automatically.
    pub(super) fn confirmed(&mut self, intent: IntentId) {
        if self.desired == Desired::Live && self.observed == (Observed::AwaitingOperator { intent }) {
            self.observed = Observed::Planned;
            self.confirmed = true;
        }
    }

    pub(super) fn unwanted(&mut self) {
        self.desired = Desired::Gone;
        self.then = None;
        self.not_before = None;
        // A work that was never sent needs no recall; everything else is recalled by an adapter or a person, which
        // takes time.
        if self.observed == Observed::Planned {
            self.observed = self.nothing_counts();
        }
    }

    /// Nothing there counts and nothing shall: it is gone, unless files may be there that must be removed first.
    pub(super) fn nothing_counts(&self) -> Observed {
        if self.begun {
            let (by, step) = (RecallBy::System, RecallStep::Requested);
            return Observed::Recalling { receipt: None, public_url: None, by, step };
        }
        Observed::Recalled { receipt: None }
    }
}
