//! A pipeline that delivers to Bilibili, and what the tests ask of both.
use serde_json::Value;
use uuid::Uuid;

use super::{PARTNER, SOON};
use crate::delivery::delivery_is;
use crate::support::platforms::bilibili::{Bilibili, Settings};
use crate::support::platforms::{Emulator, World};
use crate::support::wait::wait_until_true;
use crate::support::{Setup, TestPipeline, catalogue, planted};

/// A pipeline and the platform that it delivers to.
pub(super) struct Story {
    // Dropped first: the check for leftovers needs the platform.
    pub(super) pipeline: TestPipeline,
    pub(super) bilibili: Emulator<Bilibili>,
}

impl Story {
    pub(super) async fn new(settings: Settings, env: &[(&'static str, &str)]) -> Self {
        Self::with(Bilibili::new(settings), env).await
    }

    pub(super) async fn with(platform: Bilibili, env: &[(&'static str, &str)]) -> Self {
        Self::of(platform, catalogue::partner("B站", "bilibili"), env).await
    }

    pub(super) async fn of(platform: Bilibili, partner: String, env: &[(&'static str, &str)]) -> Self {
        let bilibili = Emulator::start(platform, World::new(7)).await;
        let mut all = bilibili.env(&bilibili.url());
        all.push(("LEASE_S", "3".to_owned()));
        all.push(("RECONCILE_S", "0.5".to_owned()));
        all.extend(env.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let partners = vec![(PARTNER, partner)];
        let pipeline = TestPipeline::with(Setup { partners, env: all, ..Setup::default() }).await;
        Self { pipeline, bilibili }
    }

    /// A finished work, released.
    pub(super) async fn released(&self, title: &str) -> Uuid {
        let id = planted::work(&self.pipeline, title, &[PARTNER]).await;
        self.release(id).await;
        id
    }

    pub(super) async fn release(&self, id: Uuid) {
        self.pipeline.command(&["release", &id.to_string()]).await.exits(0);
    }

    pub(super) async fn is(&self, id: Uuid, state: &str) -> Value {
        delivery_is(&self.pipeline, id, PARTNER, state).await
    }

    pub(super) fn calls(&self, name: &str) -> usize {
        self.bilibili.world.journal.count(name)
    }

    /// Waits until the platform has received this call `times` times.
    pub(super) async fn asked(&self, name: &str, times: usize) {
        let what = format!("the platform was asked {name} {times} times");
        wait_until_true(&what, SOON, async || self.calls(name) >= times).await;
    }

    /// The platform has exactly one work with this title.
    pub(super) fn exists_once(&self, title: &str) {
        let there = self.bilibili.of_title(title);
        assert_eq!(there.len(), 1, "{title}: {there:?} after {:?}", self.bilibili.world.journal.names());
    }

    /// What `reelmill partner list` says of the account.
    pub(super) async fn account(&self) -> Value {
        let partners = self.pipeline.command(&["partner", "list", "--output", "json"]).await.exits(0).json();
        let partners = partners.as_array().cloned().unwrap_or_default();
        let bilibili = partners.into_iter().find(|it| it["method"] == "bilibili").expect("the partner is listed");
        let accounts = bilibili["accounts"].as_array().cloned().unwrap_or_default();
        accounts.into_iter().find(|row| row["name"] == "default").expect("the account is listed")
    }

    /// The database and the logs contain no token and no secret of the platform.
    pub(super) async fn keeps_secrets(&self) {
        let keys = self.bilibili.keys();
        let mut secrets = vec![keys.client_secret, keys.access_token, keys.refresh_token];
        secrets.extend(self.bilibili.archives().into_iter().map(|archive| archive.upload_token));
        for (table, row) in self.pipeline.truth.every_row().await {
            let found = secrets.iter().find(|secret| row.contains(secret.as_str()));
            assert!(found.is_none(), "a secret lies in {table}: {row}");
        }
        for service in self.pipeline.services() {
            let log = service.log_text();
            assert!(!secrets.iter().any(|secret| log.contains(secret.as_str())), "a secret is in the log\n{log}");
        }
    }
}
