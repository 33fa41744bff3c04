//! Rows of the outbox, and how much waits there.
use sqlx::types::Json;

use crate::wire::{Headers, Outgoing};

/// A row of the outbox.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its id: the message's id for receivers. For one submission, it grows in the order of events.
    pub id: i64,
    /// Exchange without prefix.
    pub exchange: String,
    /// Routing key.
    pub routing_key: String,
    /// CloudEvents type.
    pub kind: String,
    /// Protobuf.
    pub body: Vec<u8>,
    /// The rest.
    pub headers: Json<Headers>,
    /// When it was written; CloudEvents `time`.
    pub created_at: chrono::DateTime<chrono::Utc>,
}

/// How much waits in the outbox.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backlog {
    /// Rows.
    pub messages: i64,
    /// Age of the oldest, in seconds.
    pub lag_seconds: f64,
}

/// Messages as the outbox's columns, for `unnest`.
pub(in crate::store) struct Columns {
    pub(in crate::store) exchanges: Vec<String>,
    pub(in crate::store) keys: Vec<String>,
    pub(in crate::store) kinds: Vec<String>,
    pub(in crate::store) bodies: Vec<Vec<u8>>,
    pub(in crate::store) headers: Vec<serde_json::Value>,
}

impl Columns {
    pub(in crate::store) fn of(messages: &[Outgoing]) -> anyhow::Result<Self> {
        Ok(Self {
            exchanges: messages.iter().map(|message| message.exchange.to_owned()).collect(),
            keys: messages.iter().map(|message| message.routing_key.clone()).collect(),
            kinds: messages.iter().map(|message| message.kind.to_owned()).collect(),
            bodies: messages.iter().map(|message| message.body.clone()).collect(),
            headers: messages.iter().map(|it| serde_json::to_value(&it.headers)).collect::<Result<_, _>>()?,
        })
    }
}
