//! The exchanges and queues on the broker. Declaring is idempotent and happens at the start of every session, so an
//! emptied broker is rebuilt.
use anyhow::Context;
use lapin::options::{
    ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{Channel, ExchangeKind};
use pipeline::stage::Stage;

use super::answers::{close, within};
use super::connection::Broker;
use crate::wire::{EVENTS_EXCHANGE, WORK_EXCHANGE};

/// The most hints that a queue holds. More would add no information: the reconciler sends hints as long as there is
/// pending work and the queue is shorter than this.
pub(crate) const MAX_HINTS: u32 = 10_000;
/// Deliveries after which a quorum queue drops a hint. If a part kills its worker, the hint must not be delivered for
/// ever; the part's own attempts decide about it.
const DELIVERY_LIMIT: i32 = 20;

impl Broker {
    pub(super) fn queue(&self, stage: Stage) -> String {
        self.name(&format!("reelmill.work.{stage}"))
    }

    /// Declares exchanges, queues and bindings.
    pub(super) async fn declare_all(&self, channel: &Channel) -> anyhow::Result<()> {
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        for (exchange, kind) in [(WORK_EXCHANGE, ExchangeKind::Direct), (EVENTS_EXCHANGE, ExchangeKind::Topic)] {
            let name = self.name(exchange);
            let declared = channel.exchange_declare(name.as_str().into(), kind, durable, FieldTable::default());
            within("declare an exchange", declared).await.with_context(|| name)?;
        }
        for stage in Stage::ALL {
            self.declare_queue(channel, stage).await?;
        }
        Ok(())
    }

    /// Declares a stage's queue with its binding and returns how many hints wait in it.
    ///
    /// Quorum: survives the loss of a node. Bounded with `drop-head`: all hints are alike, so dropping the oldest loses
    /// nothing, while refusing new ones (`reject-publish`) would fill the outbox with useless messages.
    pub(super) async fn declare_queue(&self, channel: &Channel, stage: Stage) -> anyhow::Result<u32> {
        let text = |text: &str| AMQPValue::LongString(LongString::from(text));
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), text("quorum"));
        arguments.insert("x-max-length".into(), AMQPValue::LongInt(MAX_HINTS as i32));
        arguments.insert("x-overflow".into(), text("drop-head"));
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERY_LIMIT));
        let name = self.queue(stage);
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let declared = channel.queue_declare(name.as_str().into(), options, arguments);
        let queue = within("declare a queue", declared)
            .await
            .with_context(|| format!("{name} (if it was declared otherwise before, delete it: it is rebuilt)"))?;
        let exchange = self.name(WORK_EXCHANGE);
        let bound = channel.queue_bind(
            name.as_str().into(),
            exchange.as_str().into(),
            stage.name().into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        within("bind a queue", bound).await.with_context(|| name)?;
        Ok(queue.message_count())
    }

    /// Deletes every queue and exchange of this installation with its contents. For removing an installation, and for
    /// tests; a running one creates them again and sends what is pending.
    pub async fn delete_all(&self) -> anyhow::Result<()> {
        let connection = self.connect("delete").await?;
        let channel = within("open a channel", connection.create_channel()).await?;
        for stage in Stage::ALL {
            let name = self.queue(stage);
            let deleted = channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default());
            within("delete a queue", deleted).await.with_context(|| name)?;
        }
        for exchange in [WORK_EXCHANGE, EVENTS_EXCHANGE] {
            let name = self.name(exchange);
            let deleted = channel.exchange_delete(name.as_str().into(), ExchangeDeleteOptions::default());
            within("delete an exchange", deleted).await.with_context(|| name)?;
        }
        close(connection).await;
        Ok(())
    }
}
