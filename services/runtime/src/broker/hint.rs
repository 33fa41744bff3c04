//! A hint: a message that there may be work.
use lapin::message::Delivery;
use lapin::options::BasicAckOptions;

use super::answers::PATIENCE;

/// "There may be work." Held until the part is finished, so that the broker sends no more than there are slots.
pub struct Hint {
    pub(super) delivery: Delivery,
}

impl Hint {
    /// Acknowledges the hint, whatever the result of the work. If the session has ended meanwhile this does nothing:
    /// the broker gives the message to another worker, which finds no work.
    pub async fn ack(self) {
        let acked = tokio::time::timeout(PATIENCE, self.delivery.ack(BasicAckOptions::default())).await;
        if let Ok(Err(error)) = acked {
            tracing::debug!("a message could not be acknowledged, its session has ended: {error}");
        }
    }

    /// The id that its sender gave it: that of the outbox row.
    pub fn message_id(&self) -> Option<String> {
        Some(self.delivery.properties.message_id().as_ref()?.as_str().to_owned())
    }

    /// W3C trace context of the span that created the work.
    pub fn traceparent(&self) -> Option<String> {
        let headers = self.delivery.properties.headers().as_ref()?;
        let value = headers.inner().get("traceparent")?.as_long_string()?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    }
}
