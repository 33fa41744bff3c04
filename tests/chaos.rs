//! Everything at once: real entries go from their form to their partners while workers, services, broker, database and
//! object store are killed, stopped, cut off and filled. In the end each acknowledgement that a client received is
//! compared with what is true: nothing is lost, nothing happened twice, nothing is stuck. `make chaos` runs it long;
//! `CHAOS_SEED`, `CHAOS_FAULTS` and `CHAOS_ENTRIES` choose the plan and its size.
//!
//! | what | file |
//! |---|---|
//! | what the seed decides | `plan` |
//! | servers and services, and how faults begin and end there | `house` |
//! | entrants, reviewer, organiser, operator | `people` |
//! | acknowledgements that they received | `history` |
//! | whether works still make progress | `motion` |
//! | the final state | `final_state` |
//! | whether it agrees with the acknowledgements | `checker` |
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use crate::support::receiver::Received;
use crate::support::wait::rest;
use history::{History, Record};
use house::House;
use motion::Motion;
use people::People;
use plan::{Fault, Plan};

mod checker;
mod final_state;
mod history;
mod house;
mod motion;
mod people;
mod plan;

/// Of the short form.
const FAULTS: usize = 12;
const ENTRIES: usize = 15;
/// Entries in progress at a time. If the machine is too slow for the plan, the others begin later.
const AT_ONCE: usize = 60;

/// Begins and ends every fault of the plan in its time; returns how often each happened, and how often each could not.
async fn storm(house: &Arc<House>, plan: &Plan, begun: Instant) -> [BTreeMap<String, usize>; 2] {
    let (mut happened, mut impossible) = (BTreeMap::new(), BTreeMap::new());
    let mut faults = JoinSet::new();
    for fault in plan.faults.iter().copied() {
        if !house.can(&fault) {
            *impossible.entry(fault.name()).or_default() += 1;
            continue;
        }
        *happened.entry(fault.name()).or_default() += 1;
        faults.spawn(befall(house.clone(), fault, begun));
    }
    while let Some(ended) = faults.join_next().await {
        ended.expect("a fault begins and ends");
    }
    [happened, impossible]
}

async fn befall(house: Arc<House>, fault: Fault, begun: Instant) {
    let at = |ms: u64| tokio::time::Instant::from_std(begun + Duration::from_millis(ms));
    sleep_until(at(fault.at_ms)).await;
    eprintln!(
        "{:7.1} s  {} for {:.1} s",
        begun.elapsed().as_secs_f64(),
        described(&fault),
        fault.lasts_ms as f64 / 1000.0
    );
    let beginning = house.clone();
    tokio::task::spawn_blocking(move || beginning.begin(&fault)).await.expect("a fault begins");
    sleep_until(at(fault.ends_ms())).await;
    tokio::task::spawn_blocking(move || house.end(&fault)).await.expect("a fault ends");
}

fn described(fault: &Fault) -> String {
    format!("{} ({:?})", fault.name(), fault.target)
}

/// Restarts processes that ended by themselves, until `stop`; each in a task of its own, since a server may take a
/// minute to start, or fail to.
async fn supervise(house: Arc<House>, stop: CancellationToken) {
    let mut looking = JoinSet::new();
    for target in house::targets() {
        let (house, stop) = (house.clone(), stop.clone());
        looking.spawn(async move {
            while !stop.is_cancelled() {
                let house = house.clone();
                tokio::task::spawn_blocking(move || house.supervise(target)).await.expect("the supervisor looks");
                rest(Duration::from_millis(500)).await;
            }
        });
    }
    while let Some(ended) = looking.join_next().await {
        ended.expect("the supervisor looks until the end");
    }
}

/// All entries, each when the plan says.
async fn entries(people: Arc<People>, plan: Plan, begun: Instant) {
    let mut ways = JoinSet::new();
    for number in 0..plan.fates.len() {
        sleep_until(tokio::time::Instant::from_std(begun + plan.enters(number))).await;
        if ways.len() >= AT_ONCE
            && let Some(ended) = ways.join_next().await
        {
            ended.expect("an entry's people do what they do");
        }
        let (people, plan) = (people.clone(), plan.clone());
        ways.spawn(async move { people.see_through(&plan, number).await });
    }
    while let Some(ended) = ways.join_next().await {
        ended.expect("an entry's people do what they do");
    }
}

/// The works that webhooks reported live.
fn announced(received: &[Received]) -> impl Iterator<Item = (uuid::Uuid, String)> {
    received.iter().filter_map(|message| {
        let message = message.json();
        let data = &message["data"];
        let live = message["type"] == "delivery.changed" && data["state"] == "live";
        let id = data["submission"].as_str()?.parse().ok()?;
        live.then(|| Some((id, data["partner"].as_str()?.to_owned())))?
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_every_acknowledgement_is_true_in_the_end() {
    let from_env = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let size = |name: &str, short: usize| from_env(name).map_or(short, |given| given as usize);
    let seed = from_env("CHAOS_SEED").unwrap_or(20_240_801);
    let plan = Plan::new(seed, size("CHAOS_FAULTS", FAULTS), size("CHAOS_ENTRIES", ENTRIES));
    eprintln!("{plan}");
    let house = Arc::new(House::new(&plan).await);
    let (history, stop) = (Arc::new(History::default()), CancellationToken::new());
    let begun = Instant::now();
    let (motion, calm) = (Arc::new(Motion::new()), CancellationToken::new());
    let people = Arc::new(People::new(house.clone(), history.clone(), motion.clone()).await);
    let supervising = tokio::spawn(supervise(house.clone(), stop.clone()));
    let watching = tokio::spawn({
        let (motion, house, calm, stop) = (motion.clone(), house.clone(), calm.clone(), stop.clone());
        async move { motion.watch(&house, &calm, &stop).await }
    });
    let entering = tokio::spawn(entries(people, plan.clone(), begun));
    let [happened, impossible] = storm(&house, &plan, begun).await;
    calm.cancel();
    eprintln!("{:7.1} s  the last fault is over", begun.elapsed().as_secs_f64());
    entering.await.expect("everybody is done, or has given up");
    let elapsed = begun.elapsed();
    // Work that is left when progress has ended is found and reported below.
    motion.settles(&house).await;
    eprintln!("{:7.1} s  quiet", begun.elapsed().as_secs_f64());
    stop.cancel();
    supervising.await.expect("the supervisor ends");
    watching.await.expect("the watch ends");
    let record = Record { entries: history.entries(), announced: announced(&house.receiver.received()).collect() };
    let end = final_state::read(&house).await;
    let findings = checker::compare(&record, &end);
    let acks: usize = record.entries.iter().map(|entry| entry.acks.len()).sum();
    eprintln!(
        "\nseed {seed}, plan {}: {} faults over {} entries in {:.0} s; {acks} acknowledgements and {} announcements compared with the end\n\
         survived: {happened:?}\nended by themselves and were started again: {:?}",
        &plan.digest()[..16],
        happened.values().sum::<usize>(),
        record.entries.len(),
        elapsed.as_secs_f64(),
        record.announced.len(),
        house.revived(),
    );
    if !impossible.is_empty() {
        eprintln!("\n!!! NOT TESTED for want of rights on this machine: {impossible:?}\n");
    }
    eprintln!("{findings}");
    assert!(findings.none(), "{findings}");
}
