//! Following events, for live views. Each process has a queue of its own, which the broker deletes with the connection. Events are not
//! kept for a process that is away or for a slow reader: the reader gets [`Followed::Missed`] instead, and loads everything again.
use anyhow::Context;
use futures::StreamExt;
use lapin::Channel;
use lapin::message::Delivery;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::info;
use uuid::Uuid;

use super::answers::{close, within};
use super::backoff::Backoff;
use super::connection::Broker;
use crate::wire::{self, Announced, EVENTS_EXCHANGE};

/// Most events in the broker's queue, which this process empties without waiting for its reader.
const MAX_EVENTS: i32 = 10_000;
/// The most events that wait for the reader. A reader that falls further behind gets [`Followed::Missed`].
const BUFFERED: usize = 256;
/// What is followed: states of works and deliveries, and the progress of works.
const TOPICS: [&str; 3] = ["submission.#", "delivery.#", "progress.#"];

/// What a follower receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// Something changed.
    Changed(Announced),
    /// Earlier changes may have been lost: a session has started, or the reader was too slow.
    Missed,
}

impl Broker {
    /// Follows the events, reconnecting as often as needed, until `stop`. Readiness does not depend on it, since pages work without it.
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
        // The broker's user may be restricted to names with our prefix, so the broker does not choose the name.
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
        if !backoff.again(&broker, "events", &error, &stop).await {
            break;
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
    let mut missed = true;
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            place = sender.reserve(), if missed => {
                let Ok(place) = place else { break };
                place.send(Followed::Missed);
                missed = false;
                continue;
            }
            () = stop.cancelled() => break,
            () = sender.closed() => break,
        };
        let event = event.context("the broker cancelled the consumer")??;
        // An unknown event comes from a process of a newer release.
        let Some(announced) = announced(&event) else { continue };
        // `Missed` covers every event before it. Waiting for the reader would let events pile up in the client, whose buffer has no bound.
        missed = missed || sender.try_send(Followed::Changed(announced)).is_err();
    }
    close(connection).await;
    Ok(())
}

fn announced(event: &Delivery) -> Option<Announced> {
    let headers = event.properties.headers().as_ref()?;
    let kind = headers.inner().get("cloudEvents:type")?.as_long_string()?;
    wire::announced(std::str::from_utf8(kind.as_bytes()).ok()?, &event.data)
}
