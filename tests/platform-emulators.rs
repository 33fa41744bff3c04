//! Serves the emulators of the partner platforms to the demo: prints their addresses and the environment in which
//! Reelmill finds them as one line of JSON, and serves until its input closes or it gets a signal. These are emulators:
//! nothing sent here is published.
#![allow(dead_code, reason = "the tests use the rest")]
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use serde_json::json;
use support::platforms::bilibili::{Bilibili, Settings};
use support::platforms::douyin::{Douyin, Rules};
use support::platforms::{Emulator, World};
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

/// The emulators, from where the tests have them.
mod support {
    pub(crate) mod platforms;
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // Webhooks go where the environment says, since the services start after their partners.
    let webhook = |partner: &str| std::env::var(format!("{partner}_WEBHOOK")).ok();
    let settings = Settings { review: Duration::from_secs(3), webhook: webhook("BILIBILI"), ..Settings::default() };
    let bilibili = Emulator::start(Bilibili::new(settings), World::new(1)).await;
    let env: BTreeMap<&str, String> = bilibili.env(&bilibili.url()).into_iter().collect();
    let rules = Rules { review: Duration::from_secs(3), webhook: webhook("DOUYIN"), ..Rules::default() };
    let world = World::new(2);
    let douyin = Emulator::start(Douyin::new(rules, &world), world).await;
    let douyin_env: BTreeMap<&str, String> = douyin.env(&douyin.url()).into_iter().collect();
    let mut out = std::io::stdout();
    let announcement = json!({
        "bilibili": { "url": bilibili.url(), "env": env },
        "douyin": { "url": douyin.url(), "env": douyin_env },
    });
    writeln!(out, "{announcement}")?;
    out.flush()?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 256];
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            read = input.read(&mut ignored) => if read.is_ok_and(|bytes| bytes > 0) { continue } else { break },
        }
    }
    // The thread that reads the input blocks and cannot be cancelled.
    std::process::exit(0);
}
