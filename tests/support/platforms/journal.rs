//! Every request to an emulator, in order, and its result: what a test asserts on.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::faults::Fault;
use super::{Answer, Asked};

/// Bodies up to this size are kept; of larger ones only the size.
const KEPT_BYTES: usize = 64 * 1024;

/// One request and its result.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// When it was read, by the platform's clock.
    pub(crate) at: DateTime<Utc>,
    /// The call's name.
    pub(crate) call: &'static str,
    /// The path.
    pub(crate) path: String,
    /// The query.
    pub(crate) query: BTreeMap<String, String>,
    /// Headers, names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body, if it is small.
    pub(crate) body: Bytes,
    /// Size of the body.
    pub(crate) bytes: usize,
    /// The failure on purpose.
    pub(crate) fault: Option<Fault>,
    /// The platform's answer, even if it was not sent; `None` if the call was not handled.
    pub(crate) answer: Option<Answer>,
}

impl Entry {
    /// The platform's answer as JSON; null where there is none.
    pub(crate) fn answered(&self) -> Value {
        self.answer.as_ref().map_or(Value::Null, Answer::value)
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// All requests so far. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Journal {
    /// All of them, in the order in which they arrived completely.
    pub(crate) fn all(&self) -> Vec<Entry> {
        self.entries.lock().expect("no holder panicked").clone()
    }

    /// The requests of one name.
    pub(crate) fn of(&self, call: &str) -> Vec<Entry> {
        self.all().into_iter().filter(|entry| entry.call == call).collect()
    }

    /// Number of requests of one name.
    pub(crate) fn count(&self, call: &str) -> usize {
        self.entries.lock().expect("no holder panicked").iter().filter(|entry| entry.call == call).count()
    }

    /// The names of all, in order, for the message of a failing test.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.entries.lock().expect("no holder panicked").iter().map(|entry| entry.call).collect()
    }

    pub(super) fn add(
        &self,
        at: DateTime<Utc>,
        call: &'static str,
        asked: &Asked,
        fault: Option<Fault>,
        answer: Option<Answer>,
    ) {
        let body = if asked.body.len() <= KEPT_BYTES { asked.body.clone() } else { Bytes::new() };
        let entry = Entry {
            at,
            call,
            path: asked.path.clone(),
            query: asked.query.clone(),
            headers: asked.headers.clone(),
            body,
            bytes: asked.body.len(),
            fault,
            answer,
        };
        self.entries.lock().expect("no holder panicked").push(entry);
    }
}
