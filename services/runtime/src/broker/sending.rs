//! Sends messages with confirms, many in flight, and surveys the queues.
use futures::future::join_all;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, PublisherConfirm};
use pipeline::stage::Stage;
use tracing::Span;

use super::answers::{PATIENCE, within};
use super::connection::{Broker, Session};
use super::span;
use crate::store::outgoing::messages::Stored;
use crate::telemetry::{self, spans};
use crate::wire::WORK_EXCHANGE;

/// Why a message is not known to have arrived. In every case it stays in the outbox.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The broker received and rejected it: try again later.
    #[error("the broker refused the message")]
    Nacked,
    /// No queue is bound to its destination: declare them again.
    #[error("the broker returned the message: {0}")]
    Returned(String),
    /// The session ended before the answer came: the message may or may not have arrived.
    #[error("the session with the broker ended: {0}")]
    Closed(String),
    /// No answer in time, for example because the broker has blocked its publishers. Handled like `Closed`.
    #[error("the broker did not confirm within {} s", PATIENCE.as_secs())]
    TimedOut,
}

impl SendError {
    /// Metric label.
    pub fn name(&self) -> &'static str {
        match self {
            SendError::Nacked => "nacked",
            SendError::Returned(_) => "returned",
            SendError::Closed(_) => "closed",
            SendError::TimedOut => "timed_out",
        }
    }

    /// Whether a new session is needed before anything else can be sent. After a returned message it is, so that the
    /// queues are declared.
    fn ends_session(&self) -> bool {
        match self {
            SendError::Nacked => false,
            SendError::Returned(_) | SendError::Closed(_) | SendError::TimedOut => true,
        }
    }
}

impl Broker {
    /// Sends messages in this order, all in flight together, and waits for the broker's answer to each. One result for
    /// each message.
    pub async fn send(&self, messages: &[Stored]) -> Vec<Result<(), SendError>> {
        let mut sender = self.inner.sender.lock().await;
        let session = match self.session(&mut sender).await {
            Ok(session) => session,
            Err(error) => {
                let words = format!("{error:#}");
                return messages.iter().map(|_| Err(SendError::Closed(words.clone()))).collect();
            }
        };
        let timing = self.inner.metrics.calls.broker_send_seconds.start_timer();
        let results = self.send_all(&session.channel, messages).await;
        timing.observe_duration();
        let outcomes = &self.inner.metrics.messages_sent;
        for result in &results {
            outcomes.with_label_values(&[result.as_ref().map_or_else(SendError::name, |()| "confirmed")]).inc();
        }
        if results.iter().any(|result| result.as_ref().is_err_and(SendError::ends_session)) {
            *sender = None;
        }
        results
    }

    async fn send_all(&self, channel: &Channel, messages: &[Stored]) -> Vec<Result<(), SendError>> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut in_flight = Vec::with_capacity(messages.len());
        for message in messages {
            let span = span::send(message, &self.name(&message.exchange), self.server());
            let sent = tokio::time::timeout_at(deadline, self.publish(channel, message, &span)).await;
            let sent = match sent {
                Ok(Ok(confirm)) => Ok(confirm),
                Ok(Err(error)) => Err(SendError::Closed(error.to_string())),
                Err(_) => Err(SendError::TimedOut),
            };
            in_flight.push((sent, span));
        }
        // A span ends with the broker's answer to its message.
        join_all(in_flight.into_iter().map(async |(sent, span)| {
            let result = match sent {
                Ok(confirm) => confirmed(confirm, deadline).await,
                Err(error) => Err(error),
            };
            if let Err(error) = &result {
                spans::failed(&span, error.name());
            }
            result
        }))
        .await
    }

    /// The broker's host and port.
    fn server(&self) -> (&str, u16) {
        let authority = &self.inner.uri.authority;
        (&authority.host, authority.port)
    }

    async fn publish(&self, channel: &Channel, message: &Stored, span: &Span) -> lapin::Result<PublisherConfirm> {
        // Work must reach a queue. An event without a listener is normal.
        let options = BasicPublishOptions { mandatory: message.exchange == WORK_EXCHANGE, immediate: false };
        let exchange = ShortString::from(self.name(&message.exchange));
        let key = ShortString::from(message.routing_key.as_str());
        let traceparent = telemetry::traceparent_of(span).or_else(|| message.headers.traceparent.clone());
        channel.basic_publish(exchange, key, options, &message.body, properties(message, traceparent.as_deref())).await
    }

    /// How many hints wait in each stage's queue. It declares queues that are missing.
    pub async fn survey(&self) -> anyhow::Result<Vec<(Stage, u32)>> {
        let mut sender = self.inner.sender.lock().await;
        let result = async {
            let session = self.session(&mut sender).await?;
            let mut counts = Vec::with_capacity(Stage::ALL.len());
            for stage in Stage::ALL {
                counts.push((stage, self.declare_queue(&session.channel, stage).await?));
            }
            Ok(counts)
        }
        .await;
        if result.is_err() {
            *sender = None;
        }
        result
    }

    /// Checks that the broker responds.
    pub(super) async fn probe(&self) -> anyhow::Result<()> {
        let mut sender = self.inner.sender.lock().await;
        let session = self.session(&mut sender).await?;
        let result = within("open a channel", session.connection.create_channel()).await;
        match result {
            Ok(channel) => within("close a channel", channel.close(200, "probed".into())).await,
            Err(error) => {
                *sender = None;
                Err(error)
            }
        }
    }

    /// The session for sending; starts one if there is none or if the last one has ended.
    async fn session<'a>(&self, sender: &'a mut Option<Session>) -> anyhow::Result<&'a Session> {
        if sender.as_ref().is_none_or(|session| !session.channel.status().connected()) {
            *sender = None;
            let connection = self.connect("outbox").await?;
            let channel = within("open a channel", connection.create_channel()).await?;
            within("ask for confirms", channel.confirm_select(ConfirmSelectOptions::default())).await?;
            self.declare_all(&channel).await?;
            *sender = Some(Session { channel, connection });
        }
        sender.as_ref().ok_or_else(|| anyhow::anyhow!("the session was just made"))
    }
}

/// The broker's answer about one message.
async fn confirmed(confirm: PublisherConfirm, deadline: tokio::time::Instant) -> Result<(), SendError> {
    match tokio::time::timeout_at(deadline, confirm).await {
        Ok(Ok(Confirmation::Ack(None))) => Ok(()),
        Ok(Ok(Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned)))) => {
            Err(SendError::Returned(returned.reply_text.to_string()))
        }
        Ok(Ok(Confirmation::Nack(None))) => Err(SendError::Nacked),
        // Confirms are always on; without one, the outcome is unknown.
        Ok(Ok(Confirmation::NotRequested)) => Err(SendError::Closed("confirms are off".to_owned())),
        Ok(Err(error)) => Err(SendError::Closed(error.to_string())),
        Err(_) => Err(SendError::TimedOut),
    }
}

/// CloudEvents in binary mode: attributes as headers with the prefix of the AMQP binding, and the trace context.
fn properties(message: &Stored, traceparent: Option<&str>) -> BasicProperties {
    let id = message.id.to_string();
    let text = |text: &str| AMQPValue::LongString(LongString::from(text));
    let mut headers = FieldTable::default();
    headers.insert("cloudEvents:specversion".into(), text("1.0"));
    headers.insert("cloudEvents:id".into(), text(&id));
    headers.insert("cloudEvents:source".into(), text("/reelmill"));
    headers.insert("cloudEvents:type".into(), text(&message.kind));
    headers.insert("cloudEvents:subject".into(), text(&message.headers.subject));
    headers.insert("cloudEvents:time".into(), text(&message.created_at.to_rfc3339()));
    if let Some(traceparent) = traceparent {
        headers.insert("traceparent".into(), text(traceparent));
    }
    const PERSISTENT: u8 = 2;
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_message_id(ShortString::from(id))
        .with_content_type("application/protobuf".into())
        .with_headers(headers)
}
