//! Failures on purpose: single calls by name, and shares of all calls by a seed.
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// One kind of failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Handles the call, and never answers.
    CommitThenTimeOut,
    /// Handles the call, and the connection breaks before the answer.
    CommitThenCut,
    /// Handles the call, and the connection ends in the middle of the answer, as when a TLS peer disappears
    /// half-closed.
    HalfAnswer,
    /// Does nothing and never answers.
    Hang,
    /// Does nothing, and the connection breaks.
    Cut,
    /// Handles the call, and answers about another work.
    AnotherId,
    /// Handles the call, and answers only after this time.
    Late(std::time::Duration),
    /// Does nothing and answers 429 with `Retry-After`, seconds.
    TooMany(u32),
    /// Does nothing and answers this status.
    Status(u16),
}

impl Fault {
    /// Whether the platform handles the call despite the failure.
    pub(crate) fn commits(&self) -> bool {
        match self {
            Fault::CommitThenTimeOut | Fault::CommitThenCut | Fault::HalfAnswer | Fault::AnotherId | Fault::Late(_) => {
                true
            }
            Fault::Hang | Fault::Cut | Fault::TooMany(_) | Fault::Status(_) => false,
        }
    }
}

/// The fault plan. Clones share it.
#[derive(Clone)]
pub(crate) struct Faults {
    plan: Arc<Mutex<Plan>>,
}

struct Plan {
    chance: Chance,
    single: VecDeque<Single>,
    shares: Vec<(&'static str, u32, Fault)>,
}

struct Single {
    call: &'static str,
    skip: u32,
    fault: Fault,
}

impl Faults {
    /// No failures yet.
    pub(crate) fn new(seed: u64) -> Self {
        let plan = Plan { chance: Chance::new(seed), single: VecDeque::new(), shares: Vec::new() };
        Self { plan: Arc::new(Mutex::new(plan)) }
    }

    /// The next call of this name fails in this way. Called twice, the one after it fails too.
    pub(crate) fn once(&self, call: &'static str, fault: Fault) {
        self.after(call, 0, fault);
    }

    /// As [`Faults::once`], after `skip` successful calls of this name.
    pub(crate) fn after(&self, call: &'static str, skip: u32, fault: Fault) {
        self.lock().single.push_back(Single { call, skip, fault });
    }

    /// From now on this share of the calls of this name (`*` is every call) fails.
    pub(crate) fn share(&self, call: &'static str, per_mille: u32, fault: Fault) {
        self.lock().shares.push((call, per_mille, fault));
    }

    /// From now on no call fails.
    pub(crate) fn clear(&self) {
        let mut plan = self.lock();
        plan.single.clear();
        plan.shares.clear();
    }

    /// The failure of this call, if any.
    pub(super) fn take(&self, call: &str) -> Option<Fault> {
        let mut plan = self.lock();
        if let Some(at) = plan.single.iter().position(|single| single.call == call) {
            if plan.single[at].skip == 0 {
                return plan.single.remove(at).map(|single| single.fault);
            }
            plan.single[at].skip -= 1;
            return None;
        }
        let Plan { chance, shares, .. } = &mut *plan;
        let hit = shares.iter().find(|(name, per_mille, _)| (*name == call || *name == "*") && chance.hits(*per_mille));
        hit.map(|(_, _, fault)| fault.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.plan.lock().expect("no holder panicked")
    }
}

/// Seeded randomness: splitmix64, which needs no crate and gives the same numbers everywhere.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// True in this share of the cases.
    pub(crate) fn hits(&mut self, per_mille: u32) -> bool {
        self.next() % 1000 < u64::from(per_mille)
    }
}
