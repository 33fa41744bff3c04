//! Receives hints: one session after another, each with its own connection.
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::bail;
use futures::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicQosOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Connection, Consumer};
use pipeline::stage::Stage;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::answers::{close, within, within_time};
use super::backoff::Backoff;
use super::connection::Broker;
use super::hint::Hint;

impl Broker {
    /// Receives hints of `stage`, never more than `slots` unacknowledged ones, over as many sessions as needed, until
    /// `stop`.
    pub fn consume(&self, stage: Stage, slots: u16, stop: CancellationToken) -> mpsc::Receiver<Hint> {
        let (sender, receiver) = mpsc::channel(usize::from(slots));
        tokio::spawn(supervise(self.clone(), stage, slots, sender, stop));
        receiver
    }
}

/// Keeps a consumer running until `stop`.
async fn supervise(broker: Broker, stage: Stage, slots: u16, hints: mpsc::Sender<Hint>, stop: CancellationToken) {
    broker.inner.wanted.fetch_add(1, Ordering::SeqCst);
    let mut backoff = Backoff::new();
    loop {
        let session = session(&broker, stage, slots, &hints, &stop, &mut backoff);
        let Err(error) = session.await else { break };
        if !backoff.again(&broker, stage.name(), &error, &stop).await {
            break;
        }
    }
    broker.inner.wanted.fetch_sub(1, Ordering::SeqCst);
}

/// Counts a session as active for as long as this exists.
struct OpenSession<'a>(&'a Broker);

impl<'a> OpenSession<'a> {
    fn new(broker: &'a Broker) -> Self {
        broker.inner.active.fetch_add(1, Ordering::SeqCst);
        Self(broker)
    }
}

impl Drop for OpenSession<'_> {
    fn drop(&mut self) {
        self.0.inner.active.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The broker's reply for an internal error (541), with which it closes the whole connection.
const INTERNAL: &str = "INTERNAL_ERROR";

/// The longest time for deleting a queue. A broker waits five seconds for a queue that does not answer, and then
/// deletes it anyway (measured with RabbitMQ 3.10.8). A client that leaves earlier leaves the queue as it was.
const DELETING: Duration = Duration::from_secs(10);

/// Deletes a queue that exists but does not work; returns whether it did. If a broker is killed moments after a quorum
/// queue was declared, the queue can come back without a leader, for ever: it neither confirms nor delivers. After a
/// full disk, a queue can come back without a process, and the broker then closes the connection of every consumer. The
/// contents are not needed, because the table knows what is pending, and the next session declares the queue again. A
/// queue that another process is just declaring has no process for a moment either; if it were deleted then, it could
/// not be declared again. So only a queue that has had no process for seconds (`long`) is deleted.
async fn discard(broker: &Broker, connection: &Connection, stage: Stage, error: &anyhow::Error, long: bool) -> bool {
    let connected = connection.status().connected();
    // Otherwise the connection broke, which is no evidence about the queue.
    let has_no_process = long && format!("{error:#}").contains(INTERNAL);
    if !connected && !has_no_process {
        return false;
    }
    let name = broker.queue(stage);
    let deleted = async {
        let another = if connected { None } else { Some(broker.connect(stage.name()).await?) };
        // A separate channel: the other one still waits for its answer.
        let opening = another.as_ref().unwrap_or(connection).create_channel();
        let channel = within("open a channel", opening).await?;
        let deleting = channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default());
        within_time(DELETING, "delete a queue", deleting).await
    };
    match deleted.await {
        Ok(_) => warn!("the queue {name} did not work; it is declared again and filled from the table"),
        Err(error) => {
            warn!("the queue {name} does not serve and cannot be deleted: {error:#}");
            return false;
        }
    }
    true
}

/// One session; `Ok` only when it was stopped.
async fn session(
    broker: &Broker,
    stage: Stage,
    slots: u16,
    hints: &mpsc::Sender<Hint>,
    stop: &CancellationToken,
    backoff: &mut Backoff,
) -> anyhow::Result<()> {
    let connection = tokio::select! {
        connection = broker.connect(stage.name()) => connection?,
        () = stop.cancelled() => return Ok(()),
    };
    let channel = within("open a channel", connection.create_channel()).await?;
    broker.declare_all(&channel).await?;
    within("limit the prefetch", channel.basic_qos(slots, BasicQosOptions::default())).await?;
    let queue = broker.queue(stage);
    let consuming =
        channel.basic_consume(queue.as_str().into(), "".into(), BasicConsumeOptions::default(), FieldTable::default());
    let mut deliveries = match within("consume", consuming).await {
        Ok(deliveries) => deliveries,
        Err(error) => {
            // Immediately only if something was repaired: other attempts wait longer each time.
            if discard(broker, &connection, stage, &error, backoff.is_long()).await {
                backoff.reset();
            }
            return Err(error);
        }
    };
    let session = OpenSession::new(broker);
    backoff.reset();
    info!("listens for work of {stage}");
    pass_on(&mut deliveries, hints, stop).await?;
    drop(session);
    // Hints that are still held are acknowledged through the connection, which is closed when the last of them is gone.
    hints.closed().await;
    close(connection).await;
    Ok(())
}

/// Passes hints on until `stop`, or until their receiver has gone.
async fn pass_on(
    deliveries: &mut Consumer,
    hints: &mpsc::Sender<Hint>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let delivery = tokio::select! {
            delivery = deliveries.next() => delivery,
            () = stop.cancelled() => return Ok(()),
        };
        match delivery {
            Some(Ok(delivery)) => {
                // The channel has room for every unacknowledged hint, so this waits only for hints of a lost session.
                if hints.send(Hint { delivery }).await.is_err() {
                    return Ok(());
                }
            }
            Some(Err(error)) => bail!("{error}"),
            None => bail!("the broker cancelled the consumer"),
        }
    }
}
