//! Outgoing webhooks. A change writes one message for each interested endpoint within its own transaction, so no
//! message is lost and none reports something that did not happen. Senders claim messages and try them until they are
//! answered, and every attempt is stored.
//!
//! | what | where |
//! |---|---|
//! | endpoints, as people manage them | `endpoints` |
//! | claiming and ending attempts | `queue` |
//! | the delivery log, sending again | `log` |
use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::wire::{self, Outgoing};

pub mod endpoints;
pub mod log;
pub mod queue;

/// Messages that may wait for one endpoint. Beyond it, new ones are stored in the log but not sent: an endpoint that
/// does not answer for days must not fill the database.
pub(in crate::store) const QUEUE_BOUND: i64 = 10_000;

/// Types of events that endpoints may subscribe to.
pub const TYPES: [&str; 2] = ["submission.changed", "delivery.changed"];
/// Type of the message with which a person tests an endpoint.
pub const TEST_TYPE: &str = "webhook.test";

/// A message about a change.
pub(in crate::store) struct Message {
    /// One of [`TYPES`].
    pub(in crate::store) kind: &'static str,
    pub(in crate::store) payload: String,
}

impl Message {
    /// From `changed`, an event for the outbox.
    pub(in crate::store) fn of(changed: &Outgoing, at: DateTime<Utc>) -> anyhow::Result<Self> {
        let kind = match changed.kind {
            "reelmill.v1.SubmissionChanged" => TYPES[0],
            "reelmill.v1.DeliveryChanged" => TYPES[1],
            other => anyhow::bail!("no webhook reports {other}"),
        };
        let data = wire::describe(changed.kind, &changed.body).context("an event that cannot be described")?;
        Ok(Self { kind, payload: payload(kind, at, &data) })
    }
}

/// A payload in the format of Standard Webhooks.
fn payload(kind: &str, at: DateTime<Utc>, data: &Value) -> String {
    json!({ "type": kind, "timestamp": at.to_rfc3339_opts(SecondsFormat::Micros, true), "data": data }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_has_a_type_a_timestamp_and_data() {
        let at = DateTime::from_timestamp(1_700_000_000, 5_000).unwrap();
        let text = payload("delivery.changed", at, &json!({ "state": "live" }));
        let value: Value = serde_json::from_str(&text).unwrap();
        let wanted = json!({
            "type": "delivery.changed", "timestamp": "2023-11-14T22:13:20.000005Z", "data": { "state": "live" },
        });
        assert_eq!(value, wanted);
    }
}
