//! Calls to a partner over HTTP: within its rate budget and circuit breaker, with a deadline and a bounded answer;
//! request and answer are recorded as evidence before and after the call, without secrets.
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::{Bytes, BytesMut};
use pipeline::delivery::IntentId;
use pipeline::id::{PartnerId, SubmissionId};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName};
use runtime::store::Store;
use runtime::store::accounts::{Account, Budget, MAIN, Pass};
use runtime::store::exchanges::{ExchangeOutcome, NewExchange};
use runtime::telemetry::spans;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tracing::Instrument;
use url::Url;

use crate::redact::Secrets;
use crate::turn::Turn;

/// The longest answer that is read, bytes. Platforms answer a few KiB.
const ANSWER_BYTES: usize = 1 << 20;
/// Bytes of a body that are kept as evidence.
const EVIDENCE_BYTES: usize = 16 << 10;
/// Headers of an answer that are kept as evidence.
const TELLING: [&str; 6] = ["content-type", "retry-after", "date", "etag", "location", "x-request-id"];

/// One call.
pub(crate) struct Request {
    /// Stable name of the step in the evidence, such as `archive.add`.
    pub(crate) step: &'static str,
    /// HTTP method.
    pub(crate) method: Method,
    /// The address; tokens in its query are removed from the evidence by value.
    pub(crate) url: Url,
    /// Headers besides those of the body.
    pub(crate) headers: Vec<(HeaderName, String)>,
    /// The content.
    pub(crate) body: Body,
    /// Time limit of the whole call.
    pub(crate) deadline: Duration,
    /// Values that must not be in the evidence, besides those that were read as secrets.
    pub(crate) secrets: Vec<String>,
    /// Whether the answer itself is a secret, such as new tokens: then only its size and digest are kept.
    pub(crate) hide_answer: bool,
    /// The intent that it belongs to.
    pub(crate) intent: Option<IntentId>,
}

/// The content of a call.
pub(crate) enum Body {
    /// Nothing.
    Empty,
    /// JSON.
    Json(Value),
    /// A form.
    Form(Vec<(String, String)>),
    /// Bytes of this type, such as a multipart body.
    Bytes {
        /// Content type.
        content_type: String,
        /// The bytes.
        bytes: Bytes,
    },
    /// A range of a file, read while it is sent.
    File {
        /// The file.
        path: PathBuf,
        /// First byte.
        offset: u64,
        /// Number of bytes.
        bytes: u64,
    },
}

/// The answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Headers.
    pub(crate) headers: HeaderMap,
    /// Body, at most 1 MiB.
    pub(crate) body: Bytes,
}

impl Answer {
    /// `Retry-After`, if it is in seconds.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let said = self.headers.get("retry-after")?.to_str().ok()?;
        Some(Duration::from_secs(said.trim().parse::<u64>().ok()?.min(86_400)))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Rate budget or circuit breaker: nothing was sent.
    #[error("the partner is left alone for {:.1} s more", .0.as_secs_f64())]
    Wait(Duration),
    /// Certainly nothing happened there.
    #[error("not sent: {0}")]
    NotSent(String),
    /// Something may have happened there.
    #[error("no answer: {0}")]
    Lost(String),
    /// A fault of ours: the database or a file.
    #[error(transparent)]
    Ours(#[from] anyhow::Error),
}

/// HTTP access to one account of a partner.
pub(crate) struct PartnerHttp<'a> {
    pub(crate) store: &'a Store,
    pub(crate) client: &'a reqwest::Client,
    pub(crate) account: Account,
    pub(crate) budget: Budget,
    pub(crate) submission: Option<SubmissionId>,
    pub(crate) secrets: &'a Secrets,
    pub(crate) turn: &'a Turn,
}

/// The client shared by all calls: no redirects, no proxy from the environment, pooled connections.
pub(crate) fn client() -> Result<reqwest::Client> {
    // The one TLS provider of the process; it may have been installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(5))
        .user_agent(concat!("reelmill/", env!("CARGO_PKG_VERSION")))
        .build()
        .context("make an HTTP client")
}

impl PartnerHttp<'_> {
    /// Makes one call. An answer with any status is `Ok`; 5xx and 429 count against the breaker.
    pub(crate) async fn call(&self, request: Request) -> Result<Answer, CallError> {
        match self.store.pass(&self.account, self.budget, self.turn.waits(&self.account)).await? {
            Pass::Go => self.turn.passed(&self.account),
            Pass::Wait(wait) => {
                self.turn.refused(&self.account, self.budget, wait);
                return Err(CallError::Wait(wait));
            }
        }
        for secret in &request.secrets {
            // Also for later error texts of the delivery.
            self.secrets.add(secret);
        }
        let secrets = self.secrets;
        let told = secrets.cut_json(request_evidence(&request));
        let new = NewExchange {
            submission: self.submission,
            partner: &self.account.partner,
            intent: request.intent,
            step: request.step,
            request: &told,
            passing: request.intent.is_none()
                && (request.method == Method::GET || matches!(request.body, Body::File { .. })),
        };
        let exchange = self.store.open_exchange(&new).await?;
        let hide = request.hide_answer;
        let begun = Instant::now();
        let (host, port) = (request.url.host_str().unwrap_or_default(), request.url.port_or_known_default());
        let partner = self.account.partner.as_str();
        let span = spans::partner(partner, request.step, request.method.as_str(), host, port.unwrap_or_default());
        let result = self.send(request).instrument(span.clone()).await;
        self.count(&result, begun.elapsed());
        match &result {
            Ok(answer) => spans::responded(&span, answer.status),
            Err(CallError::NotSent(_)) => spans::failed(&span, "not_sent"),
            Err(CallError::Lost(_)) => spans::failed(&span, "lost"),
            Err(CallError::Wait(_) | CallError::Ours(_)) => spans::failed(&span, "ours"),
        }
        let (outcome, answer, healthy) = match &result {
            Ok(answer) => {
                let well = answer.status < 500 && answer.status != 429;
                (ExchangeOutcome::Answered, secrets.cut_json(answer_evidence(answer, hide)), Some(well))
            }
            Err(CallError::NotSent(words)) => (ExchangeOutcome::NotSent, told_failure(secrets, words), Some(false)),
            Err(CallError::Lost(words)) => (ExchangeOutcome::Lost, told_failure(secrets, words), Some(false)),
            Err(CallError::Wait(_) | CallError::Ours(_)) => (ExchangeOutcome::NotSent, Value::Null, None),
        };
        // The answer is returned even if it cannot be recorded: what happened at the partner happened.
        if let Err(error) = self.store.close_exchange(exchange, outcome, &answer).await {
            tracing::warn!(partner = %self.account.partner, "an exchange has no end in the evidence: {error:#}");
        }
        let noted = match healthy {
            Some(true) => self.store.call_succeeded(&self.account).await,
            Some(false) => self.store.call_failed(&self.account).await,
            None => Ok(()),
        };
        if let Err(error) = noted {
            tracing::warn!(partner = %self.account.partner, "could not count a call: {error:#}");
        }
        result.map_err(|error| match error {
            CallError::NotSent(words) => CallError::NotSent(secrets.cut(&words)),
            CallError::Lost(words) => CallError::Lost(secrets.cut(&words)),
            other @ (CallError::Wait(_) | CallError::Ours(_)) => other,
        })
    }

    fn count(&self, result: &Result<Answer, CallError>, took: Duration) {
        let outcome = match result {
            Ok(answer) => match answer.status {
                429 | 500.. => "failed",
                400..500 => "refused",
                _ => "ok",
            },
            Err(CallError::Lost(_)) => "lost",
            Err(CallError::Wait(_) | CallError::NotSent(_) | CallError::Ours(_)) => "not_sent",
        };
        let (partner, calls) = (self.account.partner.as_str(), &self.store.metrics().calls);
        calls.partner_calls.with_label_values(&[partner, outcome]).inc();
        calls.partner_call_seconds.with_label_values(&[partner]).observe(took.as_secs_f64());
    }

    async fn send(&self, request: Request) -> Result<Answer, CallError> {
        let mut call = self.client.request(request.method, request.url).timeout(request.deadline);
        for (name, value) in request.headers {
            call = call.header(name, value);
        }
        call = match request.body {
            Body::Empty => call,
            Body::Json(value) => call.json(&value),
            Body::Form(fields) => {
                let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                call.header("content-type", "application/x-www-form-urlencoded").body(form)
            }
            Body::Bytes { content_type, bytes } => call.header("content-type", content_type).body(bytes),
            Body::File { path, offset, bytes } => {
                let stretch = file_stretch(&path, offset, bytes).await?;
                call.header("content-length", bytes).body(stretch)
            }
        };
        let mut answer = call.send().await.map_err(|error| failed(&error))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = BytesMut::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| failed(&error))? {
            if body.len() + piece.len() > ANSWER_BYTES {
                return Err(CallError::Lost(format!("the answer is longer than {ANSWER_BYTES} bytes")));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status, headers, body: body.freeze() })
    }
}

/// A range of a file as a body, read while it is sent.
async fn file_stretch(path: &PathBuf, offset: u64, bytes: u64) -> Result<reqwest::Body> {
    let mut file = tokio::fs::File::open(path).await.with_context(|| format!("open {}", path.display()))?;
    file.seek(std::io::SeekFrom::Start(offset)).await.with_context(|| format!("seek in {}", path.display()))?;
    Ok(reqwest::Body::wrap_stream(tokio_util::io::ReaderStream::with_capacity(file.take(bytes), 64 << 10)))
}

/// Only an error before the first byte was sent certainly had no effect.
fn failed(error: &reqwest::Error) -> CallError {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        words += &format!(": {inner}");
        cause = inner.source();
    }
    if error.is_connect() || error.is_builder() { CallError::NotSent(words) } else { CallError::Lost(words) }
}

fn request_evidence(request: &Request) -> Value {
    let headers: Map<String, Value> =
        request.headers.iter().map(|(name, value)| (name.to_string(), header_evidence(name.as_str(), value))).collect();
    let body = match &request.body {
        Body::Empty => Value::Null,
        Body::Json(value) => value.clone(),
        Body::Form(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>().into()
        }
        Body::Bytes { content_type, bytes } => {
            json!({ "type": content_type, "bytes": bytes.len(), "sha256": hex::encode(Sha256::digest(bytes)) })
        }
        Body::File { offset, bytes, .. } => json!({ "offset": offset, "bytes": bytes }),
    };
    json!({ "method": request.method.as_str(), "url": request.url.as_str(), "headers": headers, "body": body })
}

/// Credentials are never stored, whatever their value.
fn header_evidence(name: &str, value: &str) -> Value {
    const PROVING: [&str; 4] = ["authorization", "access-token", "cookie", "proxy-authorization"];
    if PROVING.contains(&name) { json!("[cut]") } else { json!(value) }
}

fn answer_evidence(answer: &Answer, hide: bool) -> Value {
    let headers: Map<String, Value> = answer
        .headers
        .iter()
        .filter(|(name, _)| TELLING.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes()))))
        .collect();
    let body = if hide {
        json!({ "bytes": answer.body.len(), "sha256": hex::encode(Sha256::digest(&answer.body)) })
    } else {
        let clipped = &answer.body[..answer.body.len().min(EVIDENCE_BYTES)];
        serde_json::from_slice(&answer.body)
            .ok()
            .filter(|_| answer.body.len() <= EVIDENCE_BYTES)
            // Postgres cannot store NUL in JSON.
            .unwrap_or_else(|| json!(String::from_utf8_lossy(clipped)))
    };
    json!({ "status": answer.status, "headers": headers, "bytes": answer.body.len(), "body": body })
}

fn told_failure(secrets: &Secrets, words: &str) -> Value {
    json!({ "failure": secrets.cut(words) })
}

/// The owner of an account, for a log.
pub(crate) fn account_of(partner: &PartnerId) -> Account {
    Account { partner: partner.clone(), name: MAIN.to_owned() }
}
