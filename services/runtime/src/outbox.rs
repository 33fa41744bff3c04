//! The relay: sends the messages of the outbox, and deletes what the broker confirmed. Every process runs one. Rows are
//! locked while they are sent, so relays share the work and never send a message twice at the same time. A relay is
//! woken by its own process, by LISTEN/NOTIFY for messages of other processes, and by a timer for missed notifications.
use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::broker::Broker;
use crate::store::outgoing::messages::{self, WAKE_CHANNEL};
use crate::store::{self, Store};

/// Messages in one batch: enough to use the connection between two confirms, few enough to be confirmed well within a
/// deadline.
const BATCH: i64 = 256;
/// Check again after this time without a notification: notifications are lost while the listener reconnects.
const POLL: Duration = Duration::from_secs(2);
/// The shortest time from the start of one round to that of the next. A message after a pause is sent at once; while
/// messages keep coming, those of a few milliseconds share a transaction and a confirm. Far below the 50 ms in which a
/// part's successor has to start.
const PACE: Duration = Duration::from_millis(5);
/// The wait after a batch that was not confirmed completely.
const BACKOFF: Duration = Duration::from_millis(500);

/// Relays until `stop`.
pub(crate) async fn relay(store: Store, broker: Broker, stop: CancellationToken) {
    let listening = tokio::spawn(listen(store.clone(), stop.clone()));
    let mut stuck = false;
    while !stop.is_cancelled() {
        let begun = Instant::now();
        let drained = drain(&store, &broker, &stop).await;
        // Logged once per outage, not at each attempt.
        match &drained {
            Ok(()) if stuck => info!("messages are sent again"),
            Err(error) if !stuck => warn!("messages stay in the outbox for now: {error:#}"),
            Err(error) => debug!("messages still stay in the outbox: {error:#}"),
            Ok(()) => {}
        }
        stuck = drained.is_err();
        let more = async {
            if stuck {
                return tokio::time::sleep(BACKOFF).await;
            }
            tokio::time::sleep_until(begun + PACE).await;
            tokio::select! {
                () = store.written() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        };
        tokio::select! {
            () = more => {}
            () = stop.cancelled() => {}
        }
    }
    let _ = listening.await;
}

/// Receives notifications about messages of other processes.
async fn listen(store: Store, stop: CancellationToken) {
    let mut listener = None;
    while !stop.is_cancelled() {
        tokio::select! {
            heard = notified(&store, &mut listener) => match heard {
                Ok(()) => store.poke(),
                Err(error) => {
                    debug!("cannot listen for messages of others, looking every {} s: {error}", POLL.as_secs());
                    listener = None;
                    tokio::time::sleep(POLL).await;
                }
            },
            () = stop.cancelled() => {}
        }
    }
}

/// Sends until the outbox is empty, or until something was not confirmed.
pub(crate) async fn drain(store: &Store, broker: &Broker, stop: &CancellationToken) -> anyhow::Result<()> {
    while !stop.is_cancelled() && relay_batch(store, broker).await? == BATCH as usize {}
    Ok(())
}

/// Sends one batch; returns how many there were. What was confirmed is deleted even when others were not.
pub(crate) async fn relay_batch(store: &Store, broker: &Broker) -> anyhow::Result<usize> {
    let (taken, failure) = store
        .quiet_transaction("relay_messages", |tx, _| {
            Box::pin(async move {
                let taken = messages::take(tx, BATCH).await?;
                if taken.is_empty() {
                    return Ok((0, None));
                }
                // A retry of the transaction does not repeat this: these statements neither deadlock nor conflict.
                let results = broker.send(&taken).await;
                let mut confirmed = Vec::with_capacity(taken.len());
                let mut failure = None;
                for (message, result) in taken.iter().zip(results) {
                    match result {
                        Ok(()) => confirmed.push(message.id),
                        Err(error) => failure = Some(error),
                    }
                }
                messages::delete(tx, &confirmed).await?;
                debug!("{} of {} messages confirmed", confirmed.len(), taken.len());
                Ok((taken.len(), failure))
            })
        })
        .await?;
    match failure {
        Some(error) => Err(error.into()),
        None => Ok(taken),
    }
}

async fn notified(store: &Store, listener: &mut Option<PgListener>) -> Result<(), sqlx::Error> {
    let fresh = listener.is_none();
    if fresh {
        let mut connected = store::listener(store).await?;
        connected.listen(WAKE_CHANNEL).await?;
        *listener = Some(connected);
        // This listener was not notified of messages written between the last check and now: check again immediately.
        return Ok(());
    }
    if let Some(listener) = listener {
        // `None` means that the connection was lost and opened again: check again.
        listener.try_recv().await?;
        // One check serves all notifications so far.
        while listener.next_buffered().is_some() {}
    }
    Ok(())
}
