//! What deliveries use besides their job, built in one place from what a process shares.
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use pipeline::catalogue::Catalogue;
use runtime::clock::Clock;
use runtime::fetch::Fetcher;
use runtime::objects::Objects;
use runtime::seal::Keyring;
use runtime::service::Runtime;
use runtime::store::Store;

use crate::exchange;
use crate::guarded::Guarded;

/// Servers, clients and settings of the stage.
pub(crate) struct Tools {
    pub(crate) store: Store,
    pub(crate) objects: Objects,
    pub(crate) fetcher: Fetcher,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) clock: Clock,
    /// For calls to partners.
    pub(crate) client: reqwest::Client,
    /// For calls to addresses that people or partners gave us.
    pub(crate) guarded: Guarded,
    /// The shortest wait between two polls of a partner.
    pub(crate) poll_base: Duration,
    /// How long after an unanswered call an absence is trusted.
    pub(crate) unknown_settle: Duration,
    /// The keys of credentials and sessions, or why there are none.
    keys: Result<Keyring, String>,
}

impl Tools {
    pub(crate) fn of(runtime: &Runtime) -> Result<Self> {
        let config = &runtime.config;
        Ok(Self {
            store: runtime.store.clone(),
            objects: runtime.objects.clone(),
            fetcher: Fetcher::new(runtime.objects.clone(), runtime.scratch.clone()),
            catalogue: runtime.catalogue.clone(),
            clock: runtime.clock.clone(),
            client: exchange::client()?,
            guarded: Guarded::new(&config.allow_private_networks)?,
            poll_base: config.publish.poll_base(),
            unknown_settle: config.publish.unknown_settle(),
            keys: config.keys.keyring().map_err(|error| format!("{error:#}")),
        })
    }

    /// The keys of credentials and sessions. Only deliveries that need them fail without them.
    pub(crate) fn keys(&self) -> Result<&Keyring> {
        self.keys.as_ref().map_err(|why| anyhow!("{why}"))
    }
}
