//! Emulators of partner platforms: strict servers on a loopback port that behave as the platforms are documented,
//! record every request, and fail on purpose.
//!
//! | what | file |
//! |---|---|
//! | a platform: the names of its calls, and its answers | here |
//! | every request and its result | `journal` |
//! | failures, by plan and by seed | `faults` |
//! | its webhooks: tried three times, doubled, out of order | `notices` |
//! | the HTTP server | `serve` |
//! | Douyin | `douyin` |
//!
//! A test starts one with `Emulator::start(platform, World::new(seed))`, sets `world.faults`, and asserts on `world.journal`.
//! The binary `platform-emulators` serves the same ones to the demo.
#![allow(dead_code, unused_imports, reason = "each story takes what it needs, and the demo other things")]
use std::collections::BTreeMap;

use bytes::Bytes;
use runtime::clock::Clock;
use serde_json::Value;

pub(crate) mod bilibili;
pub(crate) mod douyin;
pub(crate) mod faults;
pub(crate) mod journal;
pub(crate) mod notices;
mod serve;

pub(crate) use faults::{Fault, Faults};
pub(crate) use journal::{Entry, Journal};
pub(crate) use notices::{Notice, Notices};
pub(crate) use serve::Emulator;

/// What every emulator has. Clones share it.
#[derive(Clone)]
pub(crate) struct World {
    /// The platform's clock. Change it to test clock skew; tokens and reviews depend on it.
    pub(crate) clock: Clock,
    /// Every request.
    pub(crate) journal: Journal,
    /// The failures on purpose.
    pub(crate) faults: Faults,
    /// Its webhooks.
    pub(crate) notices: Notices,
}

impl World {
    /// A world without failures yet. All randomness in it follows from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            clock: Clock::default(),
            journal: Journal::default(),
            faults: Faults::new(seed),
            notices: Notices::new(seed ^ 0x6e6f_7469_6365),
        }
    }

    /// The platform's time in seconds since 1970.
    pub(crate) fn now_s(&self) -> i64 {
        self.clock.now().timestamp()
    }
}

/// A platform: it names each request and answers it, at once and under its own lock.
pub(crate) trait Platform: Send + Sync + 'static {
    /// The name of the call, for the journal and the fault plan: `init`, `part`, …
    fn call(&self, asked: &Asked) -> &'static str;
    /// Handles the call, as strictly as the platform does.
    fn answer(&self, world: &World, asked: &Asked) -> Answer;
    /// The same answer, as if it were about another work ([`Fault::AnotherId`]).
    fn about_another(&self, call: &str, answer: Answer) -> Answer;
}

/// A request, read completely.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `GET`, `POST`, …
    pub(crate) method: String,
    /// The path, without query.
    pub(crate) path: String,
    /// The query, decoded.
    pub(crate) query: BTreeMap<String, String>,
    /// Headers, names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// The whole body.
    pub(crate) body: Bytes,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Headers besides `content-type: application/json`.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Bytes,
}

impl Asked {
    /// A header; empty if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// A query parameter; empty if it is missing.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// The body as JSON; null if it is not JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as a form.
    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        pairs(&String::from_utf8_lossy(&self.body))
    }

    /// The only part of a multipart body: its field's name, its content type and its bytes. `None` for any other body.
    pub(crate) fn multipart(&self) -> Option<(String, String, Bytes)> {
        let boundary = self.header("content-type").strip_prefix("multipart/form-data; boundary=")?;
        let boundary = format!("--{}", boundary.trim_matches('"'));
        let body: &[u8] = &self.body;
        let rest = body.strip_prefix(boundary.as_bytes())?.strip_prefix(b"\r\n")?;
        let head_end = rest.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&rest[..head_end]).ok()?;
        let content = rest[head_end + 4..].strip_suffix(format!("\r\n{boundary}--\r\n").as_bytes())?;
        let line = |name: &str| head.lines().find(|line| line.to_ascii_lowercase().starts_with(name));
        let field = line("content-disposition:")?.split_once("name=\"")?.1.split_once('"')?.0;
        let kind = line("content-type:").map_or("", |line| line["content-type:".len()..].trim());
        Some((field.to_owned(), kind.to_owned(), Bytes::copy_from_slice(content)))
    }
}

/// Decodes a query or a form.
fn pairs(text: &str) -> BTreeMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://emulator/?{text}"));
    url.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default()
}

impl Answer {
    /// 200 with JSON.
    pub(crate) fn json(value: &Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: Bytes::from(value.to_string()) }
    }

    /// A status with text.
    pub(crate) fn status(status: u16, words: &str) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::copy_from_slice(words.as_bytes()) }
    }

    /// The body as JSON; null if it is not JSON.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}
