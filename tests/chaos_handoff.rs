//! Delivery under faults: works are delivered by every method at once while publish workers are killed with SIGKILL,
//! platforms time out after committing, and every message and webhook is doubled. In the end each work is at each
//! partner exactly once, and our record of it is true. `make chaos-handoff` runs it long; `CHAOS_DELIVERIES` and
//! `CHAOS_SEED` choose size and plan.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use pipeline::delivery::{Delivery, DeliveryEvent, Observed, RecallBy, Receipt};
use pipeline::id::{PartnerId, SubmissionId};
use runtime::config::Config;
use runtime::metrics::Metrics;
use runtime::store::Store;
use runtime::store::history::Actor;
use runtime::store::recalls::RecallTerms;
use sqlx::types::Json;
use uuid::Uuid;

use crate::support::catalogue::{self, BAG, DROP};
use crate::support::platforms::bilibili::{Bilibili, Settings};
use crate::support::platforms::douyin::{Douyin, Rules};
use crate::support::platforms::faults::Chance;
use crate::support::platforms::{Emulator, World};
use crate::support::wait::{holds_for, wait_until};
use crate::support::{Service, Setup, Sshd, TestPipeline, planted};

use plan::Plan;

mod partner;
mod plan;
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

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    config: Config,
}

/// A delivery as stored in the database.
struct Row {
    submission: Uuid,
    partner: String,
    machine: Delivery,
    due: bool,
}

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
    async fn new(plan: Plan) -> Self {
        let bilibili = Emulator::start(Bilibili::new(Settings::default()), World::new(plan.seed)).await;
        let world = World::new(plan.seed ^ 1);
        let rules = Rules { creates_a_day: 1_000_000, ..Rules::default() };
        let douyin = Emulator::start(Douyin::new(rules, &world), world).await;
        let limits = "\n[limits]\ncalls_per_minute = { value = 60_000, tag = \"A\", source = \"test\", valid_from = \"2024-06-01\" }\n";
        let partner = |name, method| catalogue::partner(name, method) + limits;
        let partners = vec![
            (BILIBILI, partner("B站", "bilibili")),
            (DOUYIN, partner("抖音", "douyin")),
            (TV, catalogue::partner("电视台", "sftp_drop")),
            (NET, catalogue::partner("网站", "mrss")),
        ];
        let sshd = Sshd::start();
        let mut env = bilibili.env(&bilibili.url());
        // Names of variables are static elsewhere; these few live as long as the test.
        env.extend(sshd.env(TV).into_iter().map(|(name, value)| (&*name.leak(), value)));
        let feed = [
            ("PARTNER_NET_FEED_TOKEN", FEED_TOKEN),
            ("PARTNER_NET_FEED_LINK_KEY", "canary-key-of-the-links-0123456789"),
        ];
        env.extend(feed.map(|(name, value)| (name, value.to_owned())));
        env.extend(douyin.env(&douyin.url()));
        let times = [("LEASE_S", "3"), ("RECONCILE_S", "0.3"), ("RETRY_BASE_S", "0.2"), ("SLOTS", "8")];
        // A part whose workers keep dying is parked, and an operator retries it: with more attempts its back-off would
        // outlast the test.
        env.extend(times.into_iter().chain([("MAX_ATTEMPTS", "8")]).map(|(name, value)| (name, value.to_owned())));
        let pipeline = TestPipeline::with(Setup { partners, env, ..Setup::default() }).await;
        pipeline.command(&["migrate"]).await.exits(0);
        let url = format!("--database-url={}", pipeline.truth.url);
        let config = Arguments::parse_from(["chaos", &url, "--amqp-url=amqp://unused"]).config;
        let store = Store::new(&config, Metrics::new().expect("metrics")).expect("a store");
        let mut works = Vec::new();
        for number in 0..plan.works {
            works.push(planted::work(&pipeline, &plan::title(number), &PARTNERS).await);
        }
        Self { pipeline, store, bilibili, douyin, sshd, plan, works }
    }

    /// Starts all faults of the plan.
    async fn go_wrong(&self) {
        for world in [&self.bilibili.world, &self.douyin.world] {
            for (call, per_mille, fault) in self.plan.faults() {
                world.faults.share(call, per_mille, fault);
            }
            world.notices.doubled(1000);
            world.notices.shuffled(Duration::from_millis(500));
        }
        let twice = "create function chaos_twice() returns trigger language plpgsql as $$ begin
                insert into outbox (exchange, routing_key, kind, body, headers)
                values (new.exchange, new.routing_key, new.kind, new.body, new.headers); return null; end $$;
            create trigger chaos_twice after insert on outbox for each row when (pg_trigger_depth() = 0)
            execute function chaos_twice()";
        sqlx::raw_sql(twice).execute(self.pipeline.truth.pool()).await.expect("double every message");
    }

    /// Ends all faults, so that the remaining work can finish.
    async fn calm_down(&self) {
        self.bilibili.world.faults.clear();
        self.douyin.world.faults.clear();
        let once = "drop trigger chaos_twice on outbox";
        sqlx::raw_sql(once).execute(self.pipeline.truth.pool()).await.expect("double no more");
    }

    /// Starts a publish worker, which receives the platforms' webhooks from now on.
    async fn worker(&self, name: &str) -> Arc<Service> {
        let service = self.pipeline.serve(name, &["publish"]).await;
        let address = service.partner_address().expect("an address for partners");
        let webhook = |partner: &str| Some(format!("http://{address}/partners/{partner}/webhook"));
        self.bilibili.set(|settings| settings.webhook = webhook(BILIBILI));
        self.douyin.change(|rules| rules.webhook = webhook(DOUYIN));
        service
    }

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

    /// What people do meanwhile: confirm for Douyin, deliver bags, recall what the plan says, retry parked parts.
    async fn people(
        &self,
        asked: &mut BTreeSet<(Uuid, String)>,
        released: Instant,
        puller: &partner::Puller,
        counts: &mut Counts,
    ) -> bool {
        let rows = self.rows().await;
        let recalled_before = asked.len();
        for row in &rows {
            if !row.is_over() {
                counts.over.insert(row.partner.clone(), released.elapsed());
            }
            let key = (row.submission, row.partner.clone());
            let number = self.number(row.submission);
            let phase = (!asked.contains(&key))
                .then(|| self.plan.recall_now(number, &row.partner, &row.machine, &counts.recalls));
            match (phase.flatten(), &row.machine.observed) {
                (Some(phase), _) => {
                    asked.insert(key);
                    self.recall(row).await;
                    *counts.recalls.entry(phase.name()).or_default() += 1;
                }
                (None, Observed::InReview { .. } | Observed::Recalling { .. }) if row.partner == TV => {
                    partner::answer(self, row)
                }
                (None, Observed::InReview { receipt }) if row.partner == NET && puller.had(row.submission) => {
                    let receipt = receipt.clone();
                    self.note(row, &DeliveryEvent::WentLive { receipt, public_url: None }).await;
                    counts.reported += 1;
                }
                (None, Observed::AwaitingOperator { intent }) if row.machine.desired.name() == "live" => {
                    let url = format!("https://partner.example/{}", row.submission);
                    let event = if row.partner == DOUYIN {
                        DeliveryEvent::Confirmed { intent: *intent }
                    } else {
                        DeliveryEvent::WentLive { receipt: Receipt(url.clone()), public_url: Some(url) }
                    };
                    self.note(row, &event).await;
                }
                (None, _) => {}
            }
        }
        let parked: Vec<Uuid> = sqlx::query_scalar("select distinct submission from parts where status = 'parked'")
            .fetch_all(self.pipeline.truth.pool())
            .await
            .expect("read the parked parts");
        for id in parked {
            counts.retried += self.store.retry(SubmissionId(id), None, Actor::Operator).await.expect("try again");
        }
        let planned = self
            .plan
            .recalls()
            .filter(|(number, partner)| !asked.contains(&(self.works[*number], (*partner).to_owned())));
        // The rows were read before this pass: a delivery recalled in this pass is not over.
        let begins = asked.len() > recalled_before;
        let complete = rows.len() == self.works.len() * PARTNERS.len();
        !begins && complete && planned.count() == 0 && rows.iter().all(Row::is_over)
    }

    fn number(&self, submission: Uuid) -> usize {
        self.works.iter().position(|id| *id == submission).expect("a planted work")
    }

    async fn recall(&self, row: &Row) {
        let partners: BTreeSet<PartnerId> = [PartnerId::new(&row.partner)].into();
        let terms = RecallTerms { reason: Some("演习".into()), ..RecallTerms::default() };
        let id = SubmissionId(row.submission);
        self.store.recall(id, Some(&partners), &terms, Actor::Operator).await.expect("recall");
    }

    async fn note(&self, row: &Row, event: &DeliveryEvent) {
        let (id, partner) = (SubmissionId(row.submission), PartnerId::new(&row.partner));
        self.store.delivery_note(id, &partner, event, Actor::Operator).await.expect("note what a person did");
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

    /// A person removes the works at the partner that no API call can remove, and reports it.
    async fn people_take_back(&self) {
        for row in self.rows().await {
            let Observed::Recalling { receipt, by: RecallBy::Operator, .. } = &row.machine.observed else { continue };
            if let Some(Receipt(name)) = receipt.as_ref().filter(|_| row.partner == DOUYIN) {
                self.douyin.person_deletes(name);
            }
            self.note(&row, &DeliveryEvent::RecallConfirmed).await;
        }
    }
}

impl Row {
    /// Live where it is wanted; elsewhere gone, or a person's task with a deadline.
    fn is_over(&self) -> bool {
        match (&self.machine.observed, self.machine.desired.name()) {
            (Observed::Live { .. }, "live") | (Observed::Recalled { .. }, "gone") => true,
            (Observed::Recalling { by: RecallBy::Operator, .. }, "gone") => self.due,
            _ => false,
        }
    }

    fn described(&self) -> String {
        format!("{} {} {:?} due {}", self.submission, self.partner, self.machine, self.due)
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
