//! The sender: looks for endpoints with messages due, and gives each a task of its own, so that a slow or silent
//! endpoint delays no other. Every process of the publish role runs one; the database assigns each message to one of
//! them.
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::future::join_all;
use runtime::seal::Keyring;
use runtime::service::{Runtime, Shutdown};
use runtime::store::Store;
use runtime::webhook::Target;
use tokio::task::JoinHandle;
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::attempt::Attempts;

/// Interval of polling for due messages: the longest delay of a first attempt.
const LOOK: Duration = Duration::from_secs(1);
/// Messages of one endpoint in flight at once.
const SIDE_BY_SIDE: i64 = 4;
/// Interval of deleting old messages, over all processes.
const CLEAR_EVERY: Duration = Duration::from_secs(600);

struct Sender {
    store: Store,
    attempts: Attempts,
    keys: Keyring,
    shutdown: Shutdown,
}

/// Sends webhooks until the process stops. Messages in flight are then tried again by another process, under the same
/// id.
///
/// # Errors
/// When the client cannot be created.
pub async fn serve(runtime: Arc<Runtime>) -> Result<()> {
    let soft = runtime.shutdown.soft.clone();
    let keys = match runtime.config.keys.keyring() {
        Ok(keys) => keys,
        Err(error) => {
            warn!("webhooks are not sent here: {error:#}");
            soft.cancelled().await;
            return Ok(());
        }
    };
    let (store, shutdown) = (runtime.store.clone(), runtime.shutdown.clone());
    let sender = Arc::new(Sender { store, attempts: Attempts::of(&runtime)?, keys, shutdown });
    let mut busy: HashMap<Uuid, JoinHandle<()>> = HashMap::new();
    let mut failing = false;
    while !soft.is_cancelled() {
        busy.retain(|_, task| !task.is_finished());
        let looked = sender.look(&mut busy).await;
        // Logged once per outage, not at each poll.
        match &looked {
            Ok(()) if failing => info!("webhooks are sent again"),
            Err(error) if !failing => warn!("cannot look for webhooks to send: {error:#}"),
            Err(error) => debug!("still cannot look for webhooks to send: {error:#}"),
            Ok(()) => {}
        }
        failing = looked.is_err();
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = soft.cancelled() => {}
        }
    }
    end(&mut busy, &sender.shutdown).await;
    Ok(())
}

/// Waits until all tasks have ended, and aborts them when the time to stop is over.
async fn end(busy: &mut HashMap<Uuid, JoinHandle<()>>, shutdown: &Shutdown) {
    let ending = async {
        for task in busy.values_mut() {
            // A task that panicked has ended as well.
            let _ = task.await;
        }
    };
    tokio::select! {
        () = ending => {}
        () = shutdown.out_of_grace() => {}
    }
    for task in busy.values() {
        task.abort();
    }
}

impl Sender {
    async fn look(self: &Arc<Self>, busy: &mut HashMap<Uuid, JoinHandle<()>>) -> Result<()> {
        for endpoint in self.store.webhooks_due().await? {
            let sender = self.clone();
            busy.entry(endpoint).or_insert_with(|| {
                tokio::spawn(async move {
                    if let Err(error) = sender.empty(endpoint).await {
                        warn!(webhook.id = %endpoint, "webhook {endpoint} stays behind for now: {error:#}");
                    }
                })
            });
        }
        if self.store.take_turn("forget_old_webhooks", CLEAR_EVERY).await? {
            self.store.forget_old_webhooks().await?;
        }
        Ok(())
    }

    /// Sends an endpoint's due messages, until none is left or the process stops.
    async fn empty(&self, endpoint: Uuid) -> Result<()> {
        while !self.shutdown.soft.is_cancelled() {
            // Read again for every few messages, so that a rotation takes effect at once.
            let Some(sealed) = self.store.webhook_sealed(endpoint).await? else { return Ok(()) };
            let target = Target::open(&self.keys, endpoint, &sealed);
            let claimed = self.store.claim_webhooks(endpoint, SIDE_BY_SIDE).await?;
            if claimed.is_empty() {
                return Ok(());
            }
            let sending = claimed.iter().map(|message| Box::pin(self.attempts.attempt(endpoint, &target, message)));
            join_all(sending).await.into_iter().collect::<Result<()>>()?;
        }
        Ok(())
    }
}
