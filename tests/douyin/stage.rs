//! A pipeline that delivers to Douyin, and what the platform and people do.
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::{DOUYIN, SOON};
use crate::delivery::delivery_is;
use crate::support::platforms::douyin::items::Item;
use crate::support::platforms::douyin::{Douyin, Rules};
use crate::support::platforms::{Emulator, World};
use crate::support::wait::wait_until_true;
use crate::support::{Service, TestPipeline, planted};

/// A pipeline, and the platform that it delivers to.
pub(super) struct Stage {
    pub(super) pipeline: TestPipeline,
    pub(super) platform: Emulator<Douyin>,
}

impl Stage {
    pub(super) async fn new() -> Self {
        let pipeline = TestPipeline::new().await;
        let partner = "name = { zh = \"抖音\", en = \"Douyin\" }\nmethod = \"douyin\"\nrungs = [\"web-180\"]\n";
        let file = pipeline.dir().join(format!("catalogue/partners/{DOUYIN}.toml"));
        std::fs::write(file, partner).expect("a partner's file");
        let world = World::new(7);
        let platform = Emulator::start(Douyin::new(Rules::default(), &world), world).await;
        Self { pipeline, platform }
    }

    /// Starts the publish role. Leases are short, so that a killed worker's work continues soon.
    pub(super) async fn serve(&self, name: &str) -> Arc<Service> {
        self.serve_with(name, &[]).await
    }

    pub(super) async fn serve_with(&self, name: &str, env: &[(&str, &str)]) -> Arc<Service> {
        let known = self.platform.env(&self.platform.url());
        let mut all: Vec<(&str, &str)> = known.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.extend([("LEASE_S", "3"), ("RECONCILE_S", "0.3"), ("RETRY_BASE_S", "0.3")]);
        all.extend(env);
        self.pipeline.serve_with(name, &["publish"], &all).await
    }

    /// A finished work, released.
    pub(super) async fn released(&self, title: &str) -> Uuid {
        let id = planted::work(&self.pipeline, title, &[DOUYIN]).await;
        self.command(&["release", &id.to_string()], 0).await;
        id
    }

    /// A finished work, released and confirmed.
    pub(super) async fn confirmed(&self, title: &str) -> Uuid {
        let id = self.released(title).await;
        self.is(id, "awaiting_operator").await;
        self.confirm(id).await;
        id
    }

    pub(super) async fn confirm(&self, id: Uuid) {
        self.command(&["confirm", &id.to_string(), "--partner", DOUYIN], 0).await;
    }

    pub(super) async fn recall(&self, id: Uuid) {
        self.command(&["recall", &id.to_string(), "--reason", "测试撤回"], 0).await;
    }

    pub(super) async fn command(&self, args: &[&str], code: i32) -> String {
        self.pipeline.command(args).await.exits(code).stderr
    }

    pub(super) async fn is(&self, id: Uuid, state: &str) -> Value {
        delivery_is(&self.pipeline, id, DOUYIN, state).await
    }

    /// The works at the platform with this title.
    pub(super) fn there(&self, title: &str) -> Vec<Item> {
        self.platform.items().into_iter().filter(|item| item.text.contains(title)).collect()
    }

    /// The only one.
    pub(super) fn only(&self, title: &str) -> Item {
        let there = self.there(title);
        assert_eq!(there.len(), 1, "{title} exists once: {:?}", self.platform.world.journal.names());
        there.into_iter().next().expect("one")
    }

    pub(super) fn asked(&self, call: &str) -> usize {
        self.platform.world.journal.count(call)
    }

    pub(super) async fn reaches(&self, call: &str, times: usize) {
        wait_until_true(&format!("the platform is asked {times} times to {call}"), SOON, async || {
            self.asked(call) >= times
        })
        .await;
    }
}
