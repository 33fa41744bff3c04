//! Access to the broker for tests that disturb it: unexpected messages, deleted queues, and a consumer of every event.
use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeleteOptions, QueueBindOptions,
    QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use pipeline::stage::Stage;
use std::pin::pin;
use std::sync::{Arc, Mutex};

/// The exchange in front of the stages' queues, without prefix.
pub(crate) const WORK: &str = "reelmill.work";
/// The exchange for subscribers to events, without prefix.
pub(crate) const EVENTS: &str = "reelmill.events";

/// Marks messages that a test sent.
const STORY: &str = "story";

/// A session with a test's broker.
pub(crate) struct Broker {
    connection: Connection,
    channel: Channel,
    prefix: String,
}

/// All messages received on an exchange, as raw bytes of headers and body.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<Vec<u8>>>>);

impl Heard {
    /// All messages so far.
    pub(crate) fn messages(&self) -> Vec<Vec<u8>> {
        self.0.lock().expect("no holder panicked").clone()
    }
}

impl Broker {
    /// Connects; `prefix` comes before every name.
    pub(crate) async fn connect(url: &str, prefix: &str) -> Self {
        let connection = Connection::connect(url, ConnectionProperties::default())
            .await
            .unwrap_or_else(|error| panic!("connect to {url}: {error}"));
        let channel = connection.create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        Self { connection, channel, prefix: prefix.to_owned() }
    }

    /// The queue of a stage.
    pub(crate) fn queue(&self, stage: Stage) -> String {
        format!("{}{}.{}", self.prefix, WORK, stage.name())
    }

    /// Publishes `times` times that a stage has work, whether or not it has. The message has no body: messages carry no
    /// job.
    pub(crate) async fn say_there_is_work(&self, stage: Stage, times: usize) {
        let exchange = format!("{}{WORK}", self.prefix);
        for _ in 0..times {
            let options = BasicPublishOptions::default();
            let properties = BasicProperties::default().with_app_id(STORY.into());
            let sent =
                self.channel.basic_publish(exchange.clone().into(), stage.name().into(), options, b"", properties);
            sent.await.expect("send a message").await.expect("have a message confirmed");
        }
    }

    /// Deletes every work queue and its contents.
    pub(crate) async fn delete_queues(&self) {
        for stage in Stage::ALL {
            let queue = self.queue(stage);
            self.channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.expect("delete a queue");
        }
    }

    /// Whether a queue exists, and how many messages and consumers it has.
    pub(crate) async fn queue_state(&self, stage: Stage) -> Option<(u32, u32)> {
        // Passively declaring a missing queue closes the channel, so each query has its own.
        let channel = self.connection.create_channel().await.ok()?;
        let passive = QueueDeclareOptions { passive: true, durable: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare(self.queue(stage).into(), passive, FieldTable::default()).await.ok()?;
        Some((queue.message_count(), queue.consumer_count()))
    }

    /// Consumes all messages on one of Reelmill's exchanges from now on, with `key` as binding.
    pub(crate) async fn listen(&self, exchange: &str, keys: &[&str]) -> Heard {
        let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
        let queue =
            self.channel.queue_declare("".into(), own, FieldTable::default()).await.expect("a queue to listen with");
        let name = queue.name().clone();
        let exchange = format!("{}{exchange}", self.prefix);
        for key in keys {
            self.channel
                .queue_bind(
                    name.clone(),
                    exchange.clone().into(),
                    (*key).into(),
                    QueueBindOptions::default(),
                    FieldTable::default(),
                )
                .await
                .expect("bind to an exchange");
        }
        let no_ack = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let mut consumer =
            self.channel.basic_consume(name, "".into(), no_ack, FieldTable::default()).await.expect("listen");
        let heard = Heard::default();
        let into = heard.clone();
        tokio::spawn(async move {
            while let Some(Ok(delivery)) = consumer.next().await {
                let mut message = format!("{:?} {}", delivery.properties, delivery.routing_key).into_bytes();
                message.extend_from_slice(&delivery.data);
                into.0.lock().expect("no holder panicked").push(message);
            }
        });
        heard
    }

    /// From now on every work message is repeated twice, later messages before earlier ones, for as long as this
    /// session lives.
    pub(crate) async fn repeat_everything(&self) {
        let channel = self.connection.create_channel().await.expect("a channel");
        let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare("".into(), own, FieldTable::default()).await.expect("a queue to listen with");
        let (name, exchange) = (queue.name().clone(), format!("{}{WORK}", self.prefix));
        for stage in Stage::ALL {
            let (bind, table) = (QueueBindOptions::default(), FieldTable::default());
            let bound = channel.queue_bind(name.clone(), exchange.clone().into(), stage.name().into(), bind, table);
            bound.await.expect("bind to the work exchange");
        }
        let no_ack = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let consumer = channel.basic_consume(name, "".into(), no_ack, FieldTable::default()).await.expect("listen");
        tokio::spawn(async move {
            let ours = |message: &Delivery| message.properties.app_id().as_ref().is_some_and(|id| id.as_str() == STORY);
            let others = consumer.filter_map(async |message| message.ok().filter(|message| !ours(message)));
            // Messages that arrive within a moment are repeated in reverse order.
            let mut batches = pin!(others.ready_chunks(16));
            while let Some(batch) = batches.next().await {
                for message in batch.iter().rev().chain(batch.iter().rev()) {
                    let properties = message.properties.clone().with_app_id(STORY.into());
                    let (to, options) = (exchange.clone().into(), BasicPublishOptions::default());
                    let _ = channel
                        .basic_publish(to, message.routing_key.clone(), options, &message.data, properties)
                        .await;
                }
            }
        });
    }

    /// Removes everything that Reelmill declared under this prefix.
    pub(crate) async fn remove_all(&self) {
        for stage in Stage::ALL {
            let _ = self.channel.queue_delete(self.queue(stage).into(), QueueDeleteOptions::default()).await;
        }
        for exchange in [WORK, EVENTS] {
            let exchange = format!("{}{exchange}", self.prefix);
            let _ = self.channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await;
        }
    }
}
