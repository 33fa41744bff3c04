//! The pipeline and its six partners, and the faults that begin and end.
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use runtime::config::Config;
use runtime::metrics::Metrics;
use runtime::store::{Policy, Store};

use super::plan::{self, Plan};
use super::{BILIBILI, Chaos, DOUYIN, FEED_TOKEN, NET, PARTNERS, TV};
use crate::support::catalogue;
use crate::support::platforms::bilibili::{Bilibili, Settings};
use crate::support::platforms::douyin::{Douyin, Rules};
use crate::support::platforms::{Emulator, World};
use crate::support::{Service, Setup, Sshd, TestPipeline, planted};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    config: Config,
}

impl Chaos {
    pub(super) async fn new(plan: Plan) -> Self {
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
        let (policy, metrics) = (Policy::from(&config.work), Metrics::new().expect("metrics"));
        let store = Store::new(&config.database, &config.allow_plaintext, policy, metrics).expect("a store");
        let mut works = Vec::new();
        for number in 0..plan.works {
            works.push(planted::work(&pipeline, &plan::title(number), &PARTNERS).await);
        }
        Self { pipeline, store, bilibili, douyin, sshd, plan, works }
    }

    /// Starts all faults of the plan.
    pub(super) async fn go_wrong(&self) {
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
    pub(super) async fn calm_down(&self) {
        self.bilibili.world.faults.clear();
        self.douyin.world.faults.clear();
        let once = "drop trigger chaos_twice on outbox";
        sqlx::raw_sql(once).execute(self.pipeline.truth.pool()).await.expect("double no more");
    }

    /// Starts a publish worker, which receives the platforms' webhooks from now on.
    pub(super) async fn worker(&self, name: &str) -> Arc<Service> {
        let service = self.pipeline.serve(name, &["publish"]).await;
        let address = service.partner_address().expect("an address for partners");
        let webhook = |partner: &str| Some(format!("http://{address}/partners/{partner}/webhook"));
        self.bilibili.set(|settings| settings.webhook = webhook(BILIBILI));
        self.douyin.change(|rules| rules.webhook = webhook(DOUYIN));
        service
    }
}
