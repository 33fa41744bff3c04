//! How a process starts: its settings are read, its servers are prepared, and it waits for the database.
use std::sync::{Arc, Mutex};

use anyhow::Context;
use tokio::net::TcpListener;
use tracing::info;

use super::waiting;
use crate::broker::Broker;
use crate::child::ChildRunner;
use crate::clock::Clock;
use crate::config::Config;
use crate::doors::Doors;
use crate::health::{Starting, figures};
use crate::metrics::Metrics;
use crate::objects::Objects;
use crate::process::{Runtime, Shutdown};
use crate::scratch::Scratch;
use crate::store::{Policy, Store};

impl Runtime {
    /// Reads the catalogue, binds the admin port, and waits for the database and its schema.
    pub async fn start(config: Config) -> anyhow::Result<Arc<Self>> {
        let catalogue = config.catalogue.read()?;
        let metrics = Metrics::new()?;
        let policy = Policy::from(&config.work);
        let store = Store::new(&config.database, &config.allow_plaintext, policy, metrics.clone())?;
        let broker = Broker::new(&config.broker, &config.allow_plaintext, metrics.clone())?;
        let objects = Objects::watched(&(&config.s3).into(), &metrics);
        metrics.whole.set_catalogue(&catalogue);
        figures::begin(&metrics);
        let doors = Doors::new(config.serving.forwarded_hops, config.keys.pseudonyms(), &metrics);
        let child = ChildRunner::new(&config.child, metrics.clone())?;
        let scratch = Scratch::new(&config.work.scratch_dir)?;
        let listen = config.serving.admin_listen;
        let admin = TcpListener::bind(listen).await.with_context(|| format!("listen on {listen} for metrics"))?;
        let admin_addr = admin.local_addr()?;
        info!("metrics and health are served on {admin_addr}");
        let starting = Starting::begin(&admin, doors.without_proxies(), &metrics)?;
        waiting::for_the_database(&store, &config.database, &starting).await?;
        starting.end().await;
        let shutdown = Shutdown::after(config.work.stop_grace());
        Ok(Arc::new(Self {
            config,
            store,
            broker,
            objects,
            catalogue,
            clock: Clock::default(),
            metrics,
            doors,
            child,
            scratch,
            shutdown,
            admin_addr,
            holder: holder(),
            admin: Mutex::new(Some(admin)),
        }))
    }
}

fn holder() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_else(|_| "unknown".to_owned());
    format!("{}:{}", host.trim(), std::process::id())
}
