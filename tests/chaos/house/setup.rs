//! The settings and disks of an installation under faults.
use std::collections::BTreeMap;

use tempfile::TempDir;

use super::{name, targets};
use crate::chaos::checker::DOUYIN;
use crate::chaos::plan::Target;
use crate::support::catalogue::{self, Gates};
use crate::support::platforms::Emulator;
use crate::support::platforms::douyin::Douyin;
use crate::support::{ObjectStore, Servers, Setup, Volume};

pub(super) fn setup(servers: Servers, store: ObjectStore, douyin: &Emulator<Douyin>, here: &str) -> Setup {
    let limits = "\n[limits]\ncalls_per_minute = { value = 60_000, tag = \"A\", source = \"test\", valid_from = \"2024-06-01\" }\n";
    let partners = vec![(DOUYIN, catalogue::partner("抖音", "douyin") + limits)];
    let mut env = douyin.env(&douyin.url());
    let times = [
        ("LEASE_S", "10"),
        ("RECONCILE_S", "1"),
        ("RETRY_BASE_S", "0.5"),
        // More workers die here while one part is in progress than in years of operation.
        ("MAX_ATTEMPTS", "12"),
        // Longer than a fault: until then a worker that was stopped may still write objects that are no longer wanted.
        ("GARBAGE_DELAY_S", "60"),
        ("ENTRIES_PER_MINUTE", "0"),
    ];
    env.extend(times.map(|(name, value)| (name, value.to_owned())));
    env.push(("ALLOW_PRIVATE_NETWORKS", format!("{here}/32")));
    // The servers are on the test's own bridge, with addresses that begin like this one.
    env.push((
        "ALLOW_PLAINTEXT",
        here.rsplit_once('.').map(|(subnet, _)| format!("{subnet}.0/24")).expect("an address"),
    ));
    let gates = Gates { review: "manual", release: "manual" };
    Setup { servers: Some(servers), store: Some(store), partners, to_all: true, gates, env, ..Setup::default() }
}

/// A disk for each target, no larger than necessary.
pub(super) fn volumes(dir: &TempDir, entries: u64) -> BTreeMap<Target, Volume> {
    let mib = |target: Target| match target {
        Target::Database => 1024,
        Target::Broker => 256,
        Target::Store => 256 + 8 * entries,
        Target::Upload(_) | Target::Worker(_) => 64,
    };
    let mount = |target: Target| {
        let (path, what) = (dir.path().join("disks").join(name(target)), format!("a full disk of {}", name(target)));
        Some((target, Volume::mount_or_say_so(&path, mib(target), &what)?))
    };
    targets().filter_map(mount).collect()
}
