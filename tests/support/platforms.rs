//! Emulators of partner platforms: strict servers on a loopback port that behave as the documented platforms do, remember
//! everything that they were asked, and go wrong on purpose.
//!
//! | what | file |
//! |---|---|
//! | what a platform is: names of its calls, and its answers | here |
//! | everything it was asked and what became of it | `journal` |
//! | what goes wrong, by plan and by seed | `faults` |
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
    /// The platform's clock. Set it aside to test clock skew; tokens and reviews go by it.
    pub(crate) clock: Clock,
    /// Everything it was asked.
    pub(crate) journal: Journal,
    /// What goes wrong.
    pub(crate) faults: Faults,
    /// Its webhooks.
    pub(crate) notices: Notices,
}

impl World {
    /// A world in which nothing goes wrong yet. All chance in it follows from `seed`.
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
    /// The name of what is asked, for the journal and the fault plan: `init`, `part`, …
    fn call(&self, asked: &Asked) -> &'static str;
    /// Does what is asked, as strictly as the platform does.
    fn answer(&self, world: &World, asked: &Asked) -> Answer;
    /// The same answer, as if it were about somebody else's work ([`Fault::AnotherId`]).
    fn about_another(&self, call: &str, answer: Answer) -> Answer;
}

/// A request, read to its end.
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

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Headers beside `content-type: application/json`.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Bytes,
}

impl Asked {
    /// A header; empty where it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// A query parameter; empty where it is missing.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as a form.
    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        pairs(&String::from_utf8_lossy(&self.body))
    }

    /// The only part of a multipart body: its field's name, its content type and its bytes. `None` where it is no such body.
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

    /// The body as JSON; null where it is none.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}
