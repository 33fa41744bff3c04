//! Following events, for live views: what changed, as it is announced. Each process has a queue of its own, which the broker deletes with
//! the connection. Nothing is kept for a process that is away: it says [`Followed::Missed`] instead, and readers look again.
use anyhow::Context;
use futures::StreamExt;
use lapin::Channel;
use lapin::message::Delivery;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::{Backoff, Broker, close, within};
use crate::wire::{self, Announced, EVENTS_EXCHANGE};

/// Most events that wait in the queue. A reader who is further back has to look again anyway.
const MAX_EVENTS: i32 = 10_000;
/// Most events between the broker and the reader in this process.
const BUFFERED: usize = 256;
/// What is followed: states of works and deliveries, and how far works are.
const TOPICS: [&str; 3] = ["submission.#", "delivery.#", "progress.#"];

/// What a follower hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// Something changed.
    Changed(Announced),
    /// A session has begun: what changed before it may not have been heard.
    Missed,
}

impl Broker {
    /// Follows the events over as many sessions as it takes, until `stop`. A broker that is away is no reason to be unready: pages work
    /// without this.
    pub fn follow(&self, stop: CancellationToken) -> mpsc::Receiver<Followed> {
        let (sender, receiver) = mpsc::channel(BUFFERED);
        tokio::spawn(supervise(self.clone(), sender, stop));
        receiver
    }

    /// A queue for this connection alone, with its bindings.
    async fn declare_events(&self, channel: &Channel) -> anyhow::Result<String> {
        let mut arguments = FieldTable::default();
        arguments.insert("x-max-length".into(), AMQPValue::LongInt(MAX_EVENTS));
        arguments.insert("x-overflow".into(), AMQPValue::LongString(LongString::from("drop-head")));
        // Named by us: a user of the broker may be allowed names that begin with ours only.
        let name = self.name(&format!("reelmill.live.{}", Uuid::new_v4()));
        let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
        within("declare a queue", channel.queue_declare(name.as_str().into(), options, arguments)).await?;
        let exchange = self.name(EVENTS_EXCHANGE);
        for topic in TOPICS {
            let bound = channel.queue_bind(
                name.as_str().into(),
                exchange.as_str().into(),
                topic.into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            );
            within("bind a queue", bound).await?;
        }
        Ok(name)
    }
}

async fn supervise(broker: Broker, sender: mpsc::Sender<Followed>, stop: CancellationToken) {
    let mut backoff = Backoff::new();
    while let Err(error) = session(&broker, &sender, &stop, &mut backoff).await {
        broker.inner.metrics.broker_reconnects.inc();
        // Once an outage, as for the consumers of work.
        if backoff.is_fresh() {
            warn!("the session for events ended, beginning another: {error:#}");
        } else {
            debug!("no session for events yet: {error:#}");
        }
        tokio::select! {
            () = backoff.wait() => {}
            () = stop.cancelled() => break,
        }
    }
}

/// One session; `Ok` only when it was stopped, or when the reader has gone.
async fn session(
    broker: &Broker,
    sender: &mpsc::Sender<Followed>,
    stop: &CancellationToken,
    backoff: &mut Backoff,
) -> anyhow::Result<()> {
    let connection = tokio::select! {
        connection = broker.connect("live") => connection?,
        () = stop.cancelled() => return Ok(()),
    };
    let channel = within("open a channel", connection.create_channel()).await?;
    broker.declare_all(&channel).await?;
    let queue = broker.declare_events(&channel).await?;
    let options = BasicConsumeOptions { no_ack: true, exclusive: true, ..BasicConsumeOptions::default() };
    let consuming = channel.basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default());
    let mut events = within("consume", consuming).await?;
    backoff.reset();
    info!("follows events");
    if sender.send(Followed::Missed).await.is_err() {
        return Ok(());
    }
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = stop.cancelled() => break,
            () = sender.closed() => break,
        };
        let event = event.context("the broker cancelled the consumer")??;
        // What is not known here comes from a newer release beside this one.
        let Some(announced) = announced(&event) else { continue };
        if sender.send(Followed::Changed(announced)).await.is_err() {
            break;
        }
    }
    close(connection).await;
    Ok(())
}

fn announced(event: &Delivery) -> Option<Announced> {
    let headers = event.properties.headers().as_ref()?;
    let kind = headers.inner().get("cloudEvents:type")?.as_long_string()?;
    wire::announced(std::str::from_utf8(kind.as_bytes()).ok()?, &event.data)
}
