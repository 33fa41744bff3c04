//! Calls to a partner over HTTP: within its rate budget and circuit breaker, with a deadline and a bounded answer;
//! request and answer are recorded as evidence before and after the call, without secrets.
//!
//! | what | file |
//! |---|---|
//! | a call, its answer, and why there is none | `request` |
//! | the call over the wire | `send` |
//! | what is kept of it | `evidence` |
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use pipeline::id::{PartnerId, SubmissionId};
use reqwest::Method;
use runtime::store::Store;
use runtime::store::partners::accounts::{Account, Budget, MAIN, Pass};
use runtime::store::partners::exchanges::{ExchangeOutcome, NewExchange};
use runtime::telemetry::spans;
use serde_json::Value;
use tracing::{Instrument, Span};

use self::evidence::{answer_evidence, failure_evidence, request_evidence};
use self::send::send;
use crate::redact::Secrets;
use crate::turn::Turn;

pub(crate) use request::{Answer, Body, CallError, Request, waits};

mod evidence;
mod request;
mod send;

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
        let kept = secrets.cut_json(request_evidence(&request));
        let new = NewExchange {
            submission: self.submission,
            partner: &self.account.partner,
            intent: request.intent,
            step: request.step,
            request: &kept,
            passing: request.intent.is_none()
                && (request.method == Method::GET || matches!(request.body, Body::File { .. })),
        };
        let exchange = self.store.open_exchange(&new).await?;
        let hide = request.hide_answer;
        let begun = Instant::now();
        let (host, port) = (request.url.host_str().unwrap_or_default(), request.url.port_or_known_default());
        let partner = self.account.partner.as_str();
        let span = spans::partner(partner, request.step, request.method.as_str(), host, port.unwrap_or_default());
        let result = send(self.client, request).instrument(span.clone()).await;
        self.count(&result, begun.elapsed());
        mark(&span, &result);
        self.record(exchange, Ended::of(&result, hide, secrets)).await;
        result.map_err(|error| match error {
            CallError::NotSent(words) => CallError::NotSent(secrets.cut(&words)),
            CallError::Lost(words) => CallError::Lost(secrets.cut(&words)),
            other @ (CallError::Wait(_) | CallError::Ours(_)) => other,
        })
    }

    /// Records the end. The answer is returned even if that fails: what happened at the partner happened.
    async fn record(&self, exchange: i64, ended: Ended) {
        if let Err(error) = self.store.close_exchange(exchange, ended.outcome, &ended.answer).await {
            tracing::warn!(partner = %self.account.partner, "an exchange has no end in the evidence: {error:#}");
        }
        let noted = match ended.healthy {
            Some(true) => self.store.call_succeeded(&self.account).await,
            Some(false) => self.store.call_failed(&self.account).await,
            None => Ok(()),
        };
        if let Err(error) = noted {
            tracing::warn!(partner = %self.account.partner, "could not count a call: {error:#}");
        }
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
}

/// How a call ended, as it is recorded.
struct Ended {
    outcome: ExchangeOutcome,
    answer: Value,
    /// Whether the partner seems well; `None`: the call says nothing about it.
    healthy: Option<bool>,
}

impl Ended {
    fn of(result: &Result<Answer, CallError>, hide_answer: bool, secrets: &Secrets) -> Self {
        let ended = |outcome, answer, healthy| Self { outcome, answer, healthy };
        match result {
            Ok(answer) => {
                let well = answer.status < 500 && answer.status != 429;
                ended(ExchangeOutcome::Answered, secrets.cut_json(answer_evidence(answer, hide_answer)), Some(well))
            }
            Err(CallError::NotSent(words)) => {
                ended(ExchangeOutcome::NotSent, failure_evidence(secrets, words), Some(false))
            }
            Err(CallError::Lost(words)) => ended(ExchangeOutcome::Lost, failure_evidence(secrets, words), Some(false)),
            Err(CallError::Wait(_) | CallError::Ours(_)) => ended(ExchangeOutcome::NotSent, Value::Null, None),
        }
    }
}

/// Marks the call's span with its end.
fn mark(span: &Span, result: &Result<Answer, CallError>) {
    match result {
        Ok(answer) => spans::responded(span, answer.status),
        Err(CallError::NotSent(_)) => spans::failed(span, "not_sent"),
        Err(CallError::Lost(_)) => spans::failed(span, "lost"),
        Err(CallError::Wait(_) | CallError::Ours(_)) => spans::failed(span, "ours"),
    }
}

/// The owner of an account, for a log.
pub(crate) fn account_of(partner: &PartnerId) -> Account {
    Account { partner: partner.clone(), name: MAIN.to_owned() }
}
