//! What `reelmill doctor` asks the broker: which consumers exist, what waits, and whether it accepts messages.
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Confirmation};
use pipeline::stage::Stage;

use super::answers::{close, within};
use super::connection::Broker;
use crate::wire::WORK_EXCHANGE;

/// A stage's queue as the broker has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueState {
    /// The stage.
    pub stage: Stage,
    /// Hints that wait.
    pub messages: u32,
    /// Workers that receive from it.
    pub consumers: u32,
}

impl Broker {
    /// Whether the broker accepts our login, which shows nothing about its contents.
    pub async fn answers(&self) -> anyhow::Result<()> {
        let connection = self.connect("doctor").await?;
        within("open a channel", connection.create_channel()).await?;
        close(connection).await;
        Ok(())
    }

    /// Declares the expected queues and examines each: a queue that was declared differently is an error that names it.
    pub async fn examine(&self) -> anyhow::Result<Vec<QueueState>> {
        let connection = self.connect("doctor").await?;
        let channel = within("open a channel", connection.create_channel()).await?;
        self.declare_all(&channel).await?;
        let mut states = Vec::with_capacity(Stage::ALL.len());
        for stage in Stage::ALL {
            let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            let name = self.queue(stage);
            let looked = channel.queue_declare(name.as_str().into(), passive, FieldTable::default());
            let queue = within("look at a queue", looked).await?;
            states.push(QueueState { stage, messages: queue.message_count(), consumers: queue.consumer_count() });
        }
        close(connection).await;
        Ok(states)
    }

    /// Sends messages that go nowhere and waits for the broker's confirms. A broker that is short of memory or disk
    /// answers everything else but blocks senders.
    pub async fn takes_messages(&self) -> anyhow::Result<()> {
        let connection = self.connect("doctor").await?;
        let channel = within("open a channel", connection.create_channel()).await?;
        within("ask for confirms", channel.confirm_select(ConfirmSelectOptions::default())).await?;
        self.declare_all(&channel).await?;
        // Two, because even then it takes the first one, and blocks only those that follow.
        for _ in 0..2 {
            // No stage has this name.
            let sent = channel.basic_publish(
                self.name(WORK_EXCHANGE).as_str().into(),
                "doctor".into(),
                BasicPublishOptions::default(),
                b"",
                BasicProperties::default(),
            );
            let confirmed = within("send a message", async { sent.await?.await }).await?;
            anyhow::ensure!(!matches!(confirmed, Confirmation::Nack(_)), "it refused a message");
        }
        close(connection).await;
        Ok(())
    }
}
