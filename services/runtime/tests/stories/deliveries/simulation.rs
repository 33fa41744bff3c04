//! Random lives of works and their deliveries, on a real database: orders of people and steps of workers, in any order.
//!
//! **These are failures:**
//! - after any event, something that is needed has no open part, or there is an open part too many (`store::work::stuck`);
//! - a film is sent to a partner that has one;
//! - with working workers and cooperating people and no further orders, a delivery does not settle, or a partner has
//!   something that is not desired, or has another run's film than its delivery records.
//!
//! **These are explicitly not failures:**
//! - a part that fails and waits, parked, for an operator; a worker's step without effect because its claim was lost;
//! - a run that continues to make files of a work whose deliveries are being recalled.
use std::collections::BTreeSet;

use pipeline::id::PartnerId;
use pipeline::stage::Stage;
use pipeline::submission::Redo;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use runtime::store::submissions::history::Actor;
use runtime::store::work::parts::Claim;

use super::house::{House, PARTNERS, Stepped, Worker};
use crate::support::World;

/// The number of lives, and of events in each: about ten seconds on an idle machine.
const LIVES: u64 = 40;
const EVENTS: u32 = 45;

const STAGES: [Stage; 3] = [Stage::Publish, Stage::Transcode, Stage::Assemble];

/// One life in progress.
struct Life<'a> {
    house: House<'a>,
    random: StdRng,
    workers: Vec<Worker>,
    /// Claims whose workers died or ended, which report late.
    old: Vec<Claim>,
    diary: Vec<String>,
}

#[tokio::test]
async fn no_order_of_recalls_releases_and_runs_loses_a_delivery() {
    let world = World::new().await;
    for seed in 0..LIVES {
        println!("life {seed}");
        let mut life = Life {
            house: House::new(&world).await,
            random: StdRng::seed_from_u64(seed),
            workers: Vec::new(),
            old: Vec::new(),
            diary: Vec::new(),
        };
        life.house.release(None).await;
        for _ in 0..EVENTS {
            let what = life.happens().await;
            println!("  {what}");
            life.diary.push(what);
            let after = life.diary.last().map(String::as_str).unwrap_or_default();
            life.house.nothing_is_stuck(after).await;
        }
        life.workers.clear();
        life.house.settle().await;
    }
}

impl Life<'_> {
    /// One event happens; returns a description.
    async fn happens(&mut self) -> String {
        match self.random.random_range(0..100) {
            0..20 => self.claim().await,
            20..58 => self.step().await,
            58..61 => self.crash(),
            61..65 => self.lease_expires().await,
            65..68 => self.fails().await,
            68..71 => self.comes_late().await,
            71..77 => {
                self.house.time_passes().await;
                "time passes".to_owned()
            }
            77..79 => {
                let retried = self.house.world.store.retry(self.house.id, None, Actor::Operator).await.unwrap();
                format!("an operator retries {retried} parts")
            }
            79..84 => {
                let hand = PartnerId::new("hand");
                if self.house.try_delivery(&hand).await.is_some() {
                    self.house.deliver_by_hand(&hand).await;
                    self.house.take_back_by_hand(&hand).await;
                }
                "an operator does what there is to do by hand".to_owned()
            }
            84..89 => {
                let partners = self.some_partners();
                let applied = self.house.recall(Some(&partners)).await;
                format!("recalls from {partners:?}: {}", applied.changed)
            }
            89..94 => {
                let partners = self.random.random_bool(0.6).then(|| self.some_partners());
                let applied = self.house.release(partners.as_deref()).await;
                format!("releases to {partners:?}: {}", applied.changed)
            }
            94..98 => self.reprocess().await,
            98..99 => format!("recalls the whole work: {}", self.house.recall(None).await.changed),
            _ => format!("the entrant withdraws it: {}", self.house.withdraw().await.changed),
        }
    }

    async fn claim(&mut self) -> String {
        let stage = *STAGES.choose(&mut self.random).unwrap();
        let Some(worker) = self.house.claim(stage).await else { return format!("nothing of {stage} is pending") };
        let what = format!("claims {} of run {} of {stage}", worker.claim.part, worker.claim.run);
        self.workers.push(worker);
        what
    }

    async fn step(&mut self) -> String {
        let Some(index) = self.any_worker() else { return "no worker is at work".to_owned() };
        let stepped = self.house.step(&mut self.workers[index]).await;
        let what = format!("a step of {}: {stepped:?}", self.workers[index].claim.part);
        if stepped == Stepped::Over {
            self.old.push(self.workers.swap_remove(index).claim);
        }
        what
    }

    fn crash(&mut self) -> String {
        let Some(index) = self.any_worker() else { return "no worker dies".to_owned() };
        let worker = self.workers.swap_remove(index);
        let what = format!("the worker of {} dies", worker.claim.part);
        self.old.push(worker.claim);
        what
    }

    /// The worker continues without knowing.
    async fn lease_expires(&mut self) -> String {
        let claims: Vec<&Claim> = self.workers.iter().map(|worker| &worker.claim).chain(&self.old).collect();
        let Some(claim) = claims.choose(&mut self.random) else { return "no lease expires".to_owned() };
        self.house.leases_expire(Some(claim)).await;
        format!("a lease on {} expires", claim.part)
    }

    async fn fails(&mut self) -> String {
        let Some(index) = self.any_worker() else { return "nothing fails".to_owned() };
        let claim = self.workers.swap_remove(index).claim;
        if self.random.random_bool(0.5) {
            let _ = self.house.world.store.park(&claim, "the partner wants a person").await.unwrap();
        } else {
            let _ = self.house.world.store.fail(&claim, "the partner answered 500").await.unwrap();
        }
        let what = format!("{} fails", claim.part);
        self.old.push(claim);
        what
    }

    /// A dead worker's result arrives late: its claim may even be valid still.
    async fn comes_late(&mut self) -> String {
        let publishing: Vec<&Claim> = self.old.iter().filter(|claim| claim.stage == Stage::Publish).collect();
        let Some(claim) = publishing.choose(&mut self.random) else { return "nothing comes late".to_owned() };
        let output = runtime::outcome::Output::Published { receipt: serde_json::json!({}) };
        let ended = self.house.world.store.finish(claim, &output).await;
        format!("the end of {} comes late: {:?}", claim.part, ended.map_err(|failure| failure.to_string()))
    }

    async fn reprocess(&mut self) -> String {
        let from = *[Stage::Transcode, Stage::Publish].choose(&mut self.random).unwrap();
        let named = |names: Vec<&str>| names.into_iter().map(PartnerId::new).collect::<BTreeSet<_>>();
        let partners = self.random.random_bool(0.4).then(|| named(self.some_partners()));
        let replace = if self.random.random_bool(0.6) { named(self.some_partners()) } else { BTreeSet::new() };
        let redo = Redo { partners, replace };
        let what = format!("a new run from {from}, {redo:?}");
        let applied = self.house.reprocess(from, redo).await;
        format!("{what}: {}", applied.changed)
    }

    fn any_worker(&mut self) -> Option<usize> {
        (!self.workers.is_empty()).then(|| self.random.random_range(0..self.workers.len()))
    }

    fn some_partners(&mut self) -> Vec<&'static str> {
        let mut names: Vec<&str> = PARTNERS.iter().map(|(name, _)| *name).collect();
        names.retain(|_| self.random.random_bool(0.5));
        if names.is_empty() { vec![PARTNERS[self.random.random_range(0..PARTNERS.len())].0] } else { names }
    }
}
