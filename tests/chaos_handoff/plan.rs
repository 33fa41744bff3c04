//! What a seed decides: how many works, what goes wrong, and which deliveries are recalled, when.
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use pipeline::delivery::{Delivery, Observed};

use super::{PARTNERS, SHORT};
use crate::support::platforms::Fault;
use crate::support::platforms::faults::Chance;

/// When a delivery is recalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// During the call that publishes, or as soon after it as it is observed.
    Sending,
    /// While it is unknown whether the call took effect.
    Unknown,
    /// While the partner reviews it, or a person has the task.
    Review,
    /// When it is live.
    Live,
}

impl Phase {
    pub(super) fn name(self) -> &'static str {
        match self {
            Phase::Sending => "sending",
            Phase::Unknown => "unknown",
            Phase::Review => "review",
            Phase::Live => "live",
        }
    }

    /// The phase that a delivery is in.
    fn of(delivery: &Delivery) -> Option<Self> {
        match &delivery.observed {
            Observed::Sending { .. } => Some(Phase::Sending),
            Observed::Unknown { .. } => Some(Phase::Unknown),
            Observed::InReview { .. } | Observed::AwaitingOperator { .. } => Some(Phase::Review),
            Observed::Live { .. } => Some(Phase::Live),
            Observed::Planned | Observed::Recalling { .. } | Observed::Recalled { .. } | Observed::Refused { .. } => {
                None
            }
        }
    }
}

/// The plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) works: usize,
    /// Recalled in review or when live: for each work, in the order of `PARTNERS`.
    recalls: Vec<[Option<Phase>; PARTNERS.len()]>,
    /// This many of the others are recalled while they are being sent, and as many while their outcome is unknown: the
    /// first ones observed in that phase, because which ones reach it cannot be planned.
    pub(super) on_sight: usize,
}

impl Plan {
    /// Depends on the seed alone.
    pub(super) fn new(seed: u64, deliveries: usize) -> Self {
        let mut chance = Chance::new(seed);
        let works = deliveries.div_ceil(PARTNERS.len());
        // About a quarter of all deliveries is recalled, each phase equally often.
        let mut one = |_| chance.hits(130).then(|| [Phase::Review, Phase::Live][(chance.next() % 2) as usize]);
        let recalls = (0..works).map(|_| PARTNERS.map(&mut one)).collect();
        Self { seed, works, recalls, on_sight: works * PARTNERS.len() * 6 / 100 }
    }

    /// Faults of calls. Five of a hundred calls take effect and are not answered. In the short form only the calls that
    /// publish hang until their deadline of twenty seconds; the others break off.
    pub(super) fn faults(&self) -> Vec<(&'static str, u32, Fault)> {
        let long = self.works * PARTNERS.len() > SHORT;
        let silent = if long { Fault::CommitThenTimeOut } else { Fault::CommitThenCut };
        vec![
            ("add", 50, Fault::CommitThenTimeOut),
            ("create", 50, Fault::CommitThenTimeOut),
            ("*", 50, silent),
            // Leaves time for a recall while a call is made, and while an unanswered one is read back.
            ("add", 600, Fault::Late(Duration::from_millis(1500))),
            ("create", 600, Fault::Late(Duration::from_millis(1500))),
            ("viewlist", 600, Fault::Late(Duration::from_millis(1500))),
            ("list", 600, Fault::Late(Duration::from_millis(1500))),
            ("*", 20, Fault::Status(500)),
            ("*", 20, Fault::Cut),
        ]
    }

    /// Whether this delivery is to be recalled now. A delivery that was never observed in review is recalled once it is
    /// live. `recalled` counts those of each phase so far.
    pub(super) fn recall_now(
        &self,
        work: usize,
        partner: &str,
        delivery: &Delivery,
        recalled: &BTreeMap<&str, u32>,
    ) -> Option<Phase> {
        let at = PARTNERS.iter().position(|name| *name == partner)?;
        let now = Phase::of(delivery)?;
        let on_sight = matches!(now, Phase::Sending | Phase::Unknown)
            && recalled.get(now.name()).is_none_or(|count| (*count as usize) < self.on_sight);
        let planned = self.recalls[work][at];
        match planned {
            Some(planned) => (now == planned || now == Phase::Live).then_some(now),
            None => on_sight.then_some(now),
        }
    }

    /// Work and partner of every delivery that is to be recalled.
    pub(super) fn recalls(&self) -> impl Iterator<Item = (usize, &'static str)> {
        let of = |(work, phases): (usize, &[Option<Phase>; PARTNERS.len()])| {
            let planned: Vec<_> =
                PARTNERS.into_iter().zip(*phases).filter_map(|(name, phase)| phase.map(|_| (work, name))).collect();
            planned
        };
        self.recalls.iter().enumerate().flat_map(of)
    }

    /// Time limit: dead workers' leases and silent platforms' deadlines, one after the other.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(120 + 2 * (self.works * PARTNERS.len()) as u64)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deliveries = self.works * PARTNERS.len();
        let count = |phase: Phase| self.recalls.iter().flatten().filter(|planned| **planned == Some(phase)).count();
        let [review, live] = [Phase::Review, Phase::Live].map(count);
        let seen = self.on_sight;
        write!(f, "seed {}: {deliveries} deliveries, {} works to each of {PARTNERS:?}; ", self.seed, self.works)?;
        write!(
            f,
            "recalls planned: {review} review, {live} live, up to {seen} sending, up to {seen} unknown; faults (per mille of calls): {:?}",
            self.faults()
        )
    }
}

/// A work's title: no other work's title begins with it.
pub(super) fn title(number: usize) -> String {
    format!("交接演习第{number:05}号")
}

#[test]
fn a_seed_decides_the_plan() {
    assert_eq!(Plan::new(7, 1000), Plan::new(7, 1000));
    assert_ne!(Plan::new(7, 1000).recalls, Plan::new(8, 1000).recalls);
    let recalled = Plan::new(7, 1000).recalls().count();
    assert!((80..180).contains(&recalled), "{recalled}");
}
