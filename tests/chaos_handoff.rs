//! Delivery under faults: works are delivered by every method at once while publish workers are killed with SIGKILL,
//! platforms time out after committing, and every message and webhook is doubled. In the end each work is at each
//! partner exactly once, and our record of it is true. `make chaos-handoff` runs it long; `CHAOS_DELIVERIES` and
//! `CHAOS_SEED` choose size and plan.
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use pipeline::delivery::Delivery;
use pipeline::id::SubmissionId;
use runtime::store::Store;
use runtime::store::submissions::history::Actor;
use sqlx::types::Json;
use uuid::Uuid;

use crate::support::catalogue::{BAG, DROP};
use crate::support::platforms::Emulator;
use crate::support::platforms::bilibili::Bilibili;
use crate::support::platforms::douyin::Douyin;
use crate::support::platforms::faults::Chance;
use crate::support::wait::{holds_for, wait_until};
use crate::support::{Sshd, TestPipeline};
use plan::Plan;
use row::Row;

mod installation;
mod partner;
mod people;
mod plan;
mod row;
mod verdict;

/// The partners of every work: one of each method.
const PARTNERS: [&str; 6] = [BILIBILI, DOUYIN, DROP, TV, NET, BAG];
const BILIBILI: &str = "bilibili";
const DOUYIN: &str = "douyin";
/// Has an SFTP server.
const TV: &str = "tv";
/// Pulls a feed.
const NET: &str = "net";
const FEED_TOKEN: &str = "canary-token-of-the-feed-0123456789";
/// Publish workers at a time.
const WORKERS: usize = 2;
/// Deliveries of the short form.
const SHORT: usize = 60;

/// What happened, for the report.
#[derive(Default)]
struct Counts {
    kills: u32,
    recalls: BTreeMap<&'static str, u32>,
    retried: usize,
    /// Reported live by a person, because the worker that served the last byte died before recording it.
    reported: u32,
    /// When the last delivery to each partner was over, after the release.
    over: BTreeMap<String, Duration>,
}

struct Chaos {
    // Dropped first: the check for leftovers needs the platforms.
    pipeline: TestPipeline,
    store: Store,
    bilibili: Emulator<Bilibili>,
    douyin: Emulator<Douyin>,
    sshd: Sshd,
    plan: Plan,
    works: Vec<Uuid>,
}

impl Chaos {
    async fn rows(&self) -> Vec<Row> {
        let query =
            "select submission, partner, machine, recall_due is not null from deliveries order by submission, partner";
        let rows: Vec<(Uuid, String, Json<Delivery>, bool)> =
            sqlx::query_as(query).fetch_all(self.pipeline.truth.pool()).await.expect("read the deliveries");
        let row = |(submission, partner, machine, due): (Uuid, String, Json<Delivery>, bool)| Row {
            submission,
            partner,
            machine: machine.0,
            due,
        };
        rows.into_iter().map(row).collect()
    }

    /// Kills a worker every few seconds until everything is over.
    async fn rage(&self, counts: &mut Counts) -> String {
        let mut chance = Chance::new(self.plan.seed ^ 2);
        let mut workers = Vec::new();
        for number in 0..WORKERS {
            workers.push(self.worker(&format!("worker-{number}")).await);
        }
        for id in &self.works {
            self.store.release(SubmissionId(*id), None, None, Actor::Operator).await.expect("release");
        }
        let released = Instant::now();
        let deadline = released + self.plan.patience();
        let (mut asked, mut over) = (BTreeSet::new(), false);
        let mut puller = partner::Puller::default();
        while !over {
            let until_the_next_kill = Duration::from_millis(2000 + chance.next() % 2000);
            let begun = Instant::now();
            while !over && begun.elapsed() < until_the_next_kill {
                over = self.people(&mut asked, released, &puller, counts).await;
                let feed = workers.iter().filter_map(|worker| worker.partner_address()).next();
                puller.pull(&feed.expect("a worker serves the feed")).await;
                holds_for("time", Duration::from_millis(50), async || true).await;
            }
            if Instant::now() > deadline {
                let open: Vec<String> =
                    self.rows().await.iter().filter(|row| !row.is_over()).map(Row::described).collect();
                panic!("not over in {} s with seed {}: {open:#?}", self.plan.patience().as_secs(), self.plan.seed);
            }
            if over && counts.kills > 0 {
                break;
            }
            over = false;
            let victim = (chance.next() % WORKERS as u64) as usize;
            workers[victim].kill();
            counts.kills += 1;
            workers[victim] = self.worker(&format!("worker-{}", WORKERS as u32 + counts.kills)).await;
        }
        workers.iter().find_map(|worker| worker.partner_address()).expect("a worker serves the feed")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn despite_faults_each_work_is_at_each_partner_once_as_recorded() {
    let from_env = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let deliveries = from_env("CHAOS_DELIVERIES").map_or(SHORT, |count| count as usize);
    let plan = Plan::new(from_env("CHAOS_SEED").unwrap_or(20_240_801), deliveries);
    eprintln!("{plan}");
    let begun = Instant::now();
    let chaos = Chaos::new(plan).await;
    let mut counts = Counts::default();
    chaos.go_wrong().await;
    let feed = chaos.rage(&mut counts).await;
    let elapsed = begun.elapsed();
    let found = verdict::compare(&chaos, &feed).await;
    eprintln!("{}", verdict::report(&chaos, &counts, elapsed).await);
    assert!(found.is_empty(), "not true at the partners, with seed {}: {found:#?}", chaos.plan.seed);
    chaos.calm_down().await;
    chaos.people_take_back().await;
    wait_until("every delivery has come to its end", Duration::from_secs(180), async || {
        let query = "select count(*) from parts where status not in ('done', 'cancelled')";
        (chaos.pipeline.truth.count(query).await == 0).then_some(())
    })
    .await;
}
