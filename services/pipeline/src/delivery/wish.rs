//! What people and runs wish of a delivery: how it changes what is desired, and what has to be taken back first.
use super::{Delivery, Desired, IntentId, Observed, RecallBy, RecallStep};

impl Delivery {
    pub(super) fn wanted(&mut self, run: u32) {
        // An older run's wish is late. A delivery under way or done is left alone: partners do not replace a video.
        if run < self.run {
            return;
        }
        match (&self.observed, self.desired) {
            // What lies there of an older run goes first; of this run it is gone on with.
            (Observed::Planned, _) if self.begun && run > self.run => self.make_room_for(run),
            (Observed::Planned, _) if self.begun => {}
            // A new run of what was released for a time keeps the time.
            (Observed::Planned, Desired::Live | Desired::Gone) => {
                *self = Self { not_before: self.not_before, ..Self::new(run) };
            }
            (Observed::Recalled { .. } | Observed::Refused { .. }, _) => *self = Self::new(run),
            // Wanted again while it is being taken back: once it is gone.
            (
                Observed::Sending { .. }
                | Observed::Unknown { .. }
                | Observed::AwaitingOperator { .. }
                | Observed::InReview { .. }
                | Observed::Live { .. }
                | Observed::Recalling { .. },
                Desired::Gone,
            ) => self.then = self.then.max(Some(run)),
            (
                Observed::Sending { .. }
                | Observed::Unknown { .. }
                | Observed::AwaitingOperator { .. }
                | Observed::InReview { .. }
                | Observed::Live { .. }
                | Observed::Recalling { .. },
                Desired::Live,
            ) => {}
        }
    }

    /// Takes back what is or may be there, and remembers what comes after it. Where nothing is, the run's package is simply next.
    pub(super) fn replace(&mut self, run: u32) {
        if run <= self.run || self.then.is_some_and(|then| run <= then) {
            return;
        }
        // What a person took back does not come back by being made anew.
        if self.desired == Desired::Gone && self.then.is_none() {
            return;
        }
        match (&self.observed, self.desired) {
            (Observed::Planned, _) if self.begun => self.make_room_for(run),
            (Observed::Planned | Observed::Recalled { .. } | Observed::Refused { .. }, _) => *self = Self::new(run),
            (
                Observed::Sending { .. }
                | Observed::Unknown { .. }
                | Observed::AwaitingOperator { .. }
                | Observed::InReview { .. }
                | Observed::Live { .. }
                | Observed::Recalling { .. },
                Desired::Live | Desired::Gone,
            ) => self.make_room_for(run),
        }
    }

    /// What is or may be there is taken back, and this run's package comes after it.
    fn make_room_for(&mut self, run: u32) {
        self.desired = Desired::Gone;
        self.then = Some(run);
        if self.observed == Observed::Planned {
            self.observed = self.nothing_counts();
        }
    }

    /// Back to the plan, with leave to take the last step by ourselves.
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
        // What never left needs no recall; everything else is taken back by an adapter or a person, which takes its time.
        if self.observed == Observed::Planned {
            self.observed = self.nothing_counts();
        }
    }

    /// Nothing there counts and nothing shall: it is gone, unless files may lie there that have to go first.
    pub(super) fn nothing_counts(&self) -> Observed {
        if self.begun {
            let (by, step) = (RecallBy::System, RecallStep::Requested);
            return Observed::Recalling { receipt: None, public_url: None, by, step };
        }
        Observed::Recalled { receipt: None }
    }
}
