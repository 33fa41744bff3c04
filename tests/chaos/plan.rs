//! What a seed decides: which fault hits which target, when, and for how long; and the fate of each entry. A pure
//! function of the seed and the sizes of the run.
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::support::platforms::faults::Chance;

/// Replicas of the service that takes entries and serves organisers.
pub(super) const UPLOADS: usize = 2;
/// Workers, each of which does every stage.
pub(super) const WORKERS: usize = 3;

/// The target of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// PostgreSQL.
    Database,
    /// RabbitMQ.
    Broker,
    /// The S3 server.
    Store,
    /// A service with the roles upload and desk.
    Upload(usize),
    /// A service with all other roles.
    Worker(usize),
}

/// The kind of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// SIGKILL; for a server of several processes, to all of them at once. It comes back when the fault is over.
    Killed,
    /// SIGSTOP, and SIGCONT at the end.
    Stopped,
    /// Its network namespace is disconnected: every packet from and to it is dropped.
    CutOff,
    /// Packets that it sends to this server are dropped; those from the server arrive.
    OneWay(Target),
    /// Its disk is full: a server's data, a service's scratch.
    Filled,
}

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// When it begins, ms after the start.
    pub(super) at_ms: u64,
    /// How long it lasts, ms. A killed target stays down for this time.
    pub(super) lasts_ms: u64,
    pub(super) target: Target,
    pub(super) kind: Kind,
}

impl Fault {
    /// When it is over.
    pub(super) fn ends_ms(&self) -> u64 {
        self.at_ms + self.lasts_ms
    }

    /// Its name in the report.
    pub(super) fn name(&self) -> String {
        let whom = |target: Target| match target {
            Target::Database => "database",
            Target::Broker => "broker",
            Target::Store => "S3",
            Target::Upload(_) => "upload",
            Target::Worker(_) => "worker",
        };
        match self.kind {
            Kind::Killed => format!("{} killed", whom(self.target)),
            Kind::Stopped => format!("{} stopped", whom(self.target)),
            Kind::CutOff => format!("{} cut off", whom(self.target)),
            Kind::OneWay(server) => format!("{} unheard by {}", whom(self.target), whom(server)),
            Kind::Filled => format!("{} disk full", whom(self.target)),
        }
    }
}

/// The fate of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// Live with every partner.
    Live,
    /// Refused by the rules: it is 4:3.
    Misshapen,
    /// Refused by its reviewer.
    Refused,
    /// Live with every partner, and then recalled from the partner's bucket.
    Recalled,
}

/// The plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) seed: u64,
    /// In order of time.
    pub(super) faults: Vec<Fault>,
    /// One for each entry.
    pub(super) fates: Vec<Fate>,
}

impl Plan {
    /// Follows from its arguments alone.
    pub(super) fn new(seed: u64, faults: usize, entries: usize) -> Self {
        let mut chance = Chance::new(seed);
        let mut planned: Vec<Fault> = Vec::with_capacity(faults);
        let mut at_ms = 3_000;
        let mut open: BTreeMap<Target, u64> = BTreeMap::new();
        while planned.len() < faults {
            let (target, kind) = draw(&mut chance);
            let lasts_ms = lasts_ms(&mut chance, target, kind);
            at_ms += 1_500 + chance.next() % 5_000;
            // A target has one fault at a time, and at most two of the three servers have one, so that works do more
            // than wait.
            let free_at = |target: &Target| open.get(target).copied().unwrap_or(0);
            let mut begins = at_ms.max(free_at(&target) + 500);
            if is_server(target) {
                let mut ends: Vec<u64> = SERVERS.iter().filter(|other| **other != target).map(free_at).collect();
                ends.sort_unstable();
                begins = begins.max(ends[0]);
            }
            open.insert(target, begins + lasts_ms);
            planned.push(Fault { at_ms: begins, lasts_ms, target, kind });
        }
        planned.sort_by_key(|fault| fault.at_ms);
        let fate = |_| match chance.next() % 100 {
            0..8 => Fate::Misshapen,
            8..16 => Fate::Refused,
            16..28 => Fate::Recalled,
            _ => Fate::Live,
        };
        let fates = (0..entries).map(fate).collect();
        Self { seed, faults: planned, fates }
    }

    /// When the last fault is over.
    pub(super) fn storm(&self) -> Duration {
        Duration::from_millis(self.faults.iter().map(Fault::ends_ms).max().unwrap_or(0))
    }

    /// When an entry's form is sent: evenly over nine tenths of the storm.
    pub(super) fn enters(&self, entry: usize) -> Duration {
        self.storm().mul_f64(0.9 * entry as f64 / self.fates.len().max(1) as f64)
    }

    /// SHA-256 over the whole plan, to compare two runs by.
    pub(super) fn digest(&self) -> String {
        hex::encode(Sha256::digest(format!("{self:?}")))
    }

    /// How often each fault is planned.
    pub(super) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for fault in &self.faults {
            *counts.entry(fault.name()).or_default() += 1;
        }
        counts
    }
}

/// The servers.
pub(super) const SERVERS: [Target; 3] = [Target::Database, Target::Broker, Target::Store];

fn is_server(target: Target) -> bool {
    SERVERS.contains(&target)
}

/// Half of all faults befall services, half servers.
fn draw(chance: &mut Chance) -> (Target, Kind) {
    let mut one_of = |count: usize| (chance.next() % count as u64) as usize;
    let target = match one_of(20) {
        0..7 => Target::Worker(one_of(WORKERS)),
        7..10 => Target::Upload(one_of(UPLOADS)),
        10..14 => Target::Database,
        14..17 => Target::Store,
        _ => Target::Broker,
    };
    let kind = match one_of(20) {
        0..6 => Kind::Killed,
        6..10 => Kind::Stopped,
        10..14 => Kind::CutOff,
        // Servers answer requests; they send none.
        14..16 if !is_server(target) => Kind::OneWay(SERVERS[one_of(SERVERS.len())]),
        14..16 => Kind::CutOff,
        _ => Kind::Filled,
    };
    (target, kind)
}

/// From a moment to several leases; a broker or database needs seconds to recover.
fn lasts_ms(chance: &mut Chance, target: Target, kind: Kind) -> u64 {
    let longest = match (kind, is_server(target)) {
        (Kind::Killed, _) => 3_000,
        (Kind::Stopped | Kind::CutOff | Kind::Filled, true) => 12_000,
        (Kind::Stopped | Kind::CutOff | Kind::OneWay(_) | Kind::Filled, _) => 20_000,
    };
    500 + chance.next() % longest
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |fate: Fate| self.fates.iter().filter(|planned| **planned == fate).count();
        writeln!(
            f,
            "seed {}: {} faults in {} s, {} entries ({} live, {} recalled, {} refused by a reviewer, {} by the rules); plan {}",
            self.seed,
            self.faults.len(),
            self.storm().as_secs(),
            self.fates.len(),
            count(Fate::Live),
            count(Fate::Recalled),
            count(Fate::Refused),
            count(Fate::Misshapen),
            &self.digest()[..16],
        )?;
        write!(f, "{:?}", self.counts())
    }
}

#[test]
fn the_same_seed_gives_the_same_faults() {
    let (one, again) = (Plan::new(7, 200, 300), Plan::new(7, 200, 300));
    assert_eq!((one.faults.clone(), one.fates.clone()), (again.faults.clone(), again.fates.clone()));
    assert_eq!(one.digest(), again.digest());
    assert_ne!(one.digest(), Plan::new(8, 200, 300).digest());
    // The digest shows when a change alters what a seed means.
    assert_eq!(&Plan::new(1, 12, 15).digest()[..16], "ca54b8cf893bd90c");
}

#[test]
fn a_plan_has_every_kind_of_fault_and_none_befalls_a_target_twice_at_once() {
    let plan = Plan::new(20_240_801, 200, 300);
    assert_eq!((plan.faults.len(), plan.fates.len()), (200, 300));
    for what in ["killed", "stopped", "cut off", "unheard by", "disk full"] {
        assert!(plan.counts().keys().any(|name| name.contains(what)), "{what}: {:?}", plan.counts());
    }
    for server in ["database", "broker", "S3", "worker", "upload"] {
        for what in ["killed", "stopped", "cut off", "disk full"] {
            assert!(plan.counts().contains_key(&format!("{server} {what}")), "{server} {what}: {:?}", plan.counts());
        }
    }
    for (at, fault) in plan.faults.iter().enumerate() {
        let same = plan.faults[..at].iter().filter(|other| other.target == fault.target);
        assert!(same.clone().all(|other| other.ends_ms() <= fault.at_ms), "{fault:?}");
    }
    for fate in [Fate::Live, Fate::Misshapen, Fate::Refused, Fate::Recalled] {
        assert!(plan.fates.contains(&fate));
    }
}
