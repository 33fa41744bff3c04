//! A receiver of webhooks: verifies them by the specification, with code of its own, and answers as a test wants.
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::wait::wait_until;

/// Largest accepted difference between the receiver's clock and the sender's, in seconds; the specification's libraries
/// allow 300.
const TOLERANCE_S: i64 = 300;

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Path and query.
    pub(crate) path: String,
    /// `webhook-id`.
    pub(crate) id: String,
    /// `webhook-timestamp`.
    pub(crate) timestamp: i64,
    /// The signatures in `webhook-signature`.
    pub(crate) signatures: Vec<String>,
    /// The body to the byte.
    pub(crate) body: String,
}

/// The answer to a call.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    /// With this status, these headers and this body.
    Status(u16, Vec<(&'static str, String)>, String),
    /// No answer.
    Nothing,
}

impl Say {
    /// A status alone.
    pub(crate) fn status(status: u16) -> Self {
        Say::Status(status, Vec::new(), String::new())
    }
}

#[derive(Default)]
struct Inner {
    received: Vec<Received>,
    say: VecDeque<Say>,
    always: Option<Say>,
    /// Calls waiting for their answer now, and the largest number of them so far.
    waiting: (usize, usize),
}

/// A call without an answer, until the caller gives up.
struct Waiting(Arc<Mutex<Inner>>);

impl Waiting {
    fn at(inner: &Arc<Mutex<Inner>>) -> Self {
        let waiting = &mut inner.lock().expect("no holder panicked").waiting;
        waiting.0 += 1;
        waiting.1 = waiting.1.max(waiting.0);
        Self(inner.clone())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Ok(mut inner) = self.0.lock() {
            inner.waiting.0 -= 1;
        }
    }
}

/// A server on a port of its own. Answers 204 by default. Stops when dropped.
pub(crate) struct Receiver {
    address: String,
    inner: Arc<Mutex<Inner>>,
    serving: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    /// Starts listening.
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1").await
    }

    /// Starts listening at an address of this machine.
    pub(crate) async fn start_at(ip: &str) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.expect("a port for a receiver");
        let address = listener.local_addr().expect("the port").to_string();
        let inner: Arc<Mutex<Inner>> = Arc::default();
        let router = axum::Router::new().fallback(receive).with_state(inner.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("serve a receiver") });
        Self { address, inner, serving }
    }

    /// Its address, with a path and query.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next calls get these answers, each once; later calls get the default.
    pub(crate) fn say(&self, answers: impl IntoIterator<Item = Say>) {
        self.inner.lock().expect("no holder panicked").say.extend(answers);
    }

    /// All calls from now on get this answer.
    pub(crate) fn always_say(&self, answer: Say) {
        self.inner.lock().expect("no holder panicked").always = Some(answer);
    }

    /// All calls so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.inner.lock().expect("no holder panicked").received.clone()
    }

    /// The largest number of calls waiting at the same time.
    pub(crate) fn most_waiting(&self) -> usize {
        self.inner.lock().expect("no holder panicked").waiting.1
    }

    /// Waits until this many calls have arrived, and returns them.
    pub(crate) async fn receives(&self, calls: usize, patience: Duration) -> Vec<Received> {
        wait_until(&format!("{calls} webhooks were received"), patience, async || {
            let received = self.received();
            (received.len() >= calls).then_some(received)
        })
        .await
    }
}

impl Received {
    /// The payload.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a payload is JSON")
    }

    /// Whether one of the signatures is by `secret` (`whsec_…`), and the time is about now.
    pub(crate) fn is_by(&self, secret: &str) -> bool {
        let key = BASE64.decode(secret.strip_prefix("whsec_").expect("a secret's prefix")).expect("a secret is base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes every key");
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes());
        let wanted = format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()));
        let now = runtime::clock::Clock::default().now().timestamp();
        (now - self.timestamp).abs() < TOLERANCE_S && self.signatures.contains(&wanted)
    }
}

async fn receive(
    State(inner): State<Arc<Mutex<Inner>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // A page that is fetched is not a webhook: it is answered like every call, and not recorded.
    if method != Method::POST {
        let always = inner.lock().expect("no holder panicked").always.clone();
        return match always {
            Some(Say::Status(status, ..)) => StatusCode::from_u16(status).expect("a status").into_response(),
            Some(Say::Nothing) | None => StatusCode::NO_CONTENT.into_response(),
        };
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    assert_eq!(header("content-type"), "application/json");
    let received = Received {
        path: uri.to_string(),
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().expect("a time in seconds"),
        signatures: header("webhook-signature").split(' ').map(ToOwned::to_owned).collect(),
        body: String::from_utf8(body.to_vec()).expect("a payload is text"),
    };
    let say = {
        let mut inner = inner.lock().expect("no holder panicked");
        inner.received.push(received);
        inner.say.pop_front().or_else(|| inner.always.clone())
    };
    match say {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(Say::Nothing) => {
            let _waiting = Waiting::at(&inner);
            std::future::pending().await
        }
        Some(Say::Status(status, headers, body)) => {
            let mut answer = (StatusCode::from_u16(status).expect("a status"), body).into_response();
            for (name, value) in headers {
                answer.headers_mut().insert(name, value.parse().expect("a header's value"));
            }
            answer
        }
    }
}
