//! Every failed authentication is logged and counted, on every port. A handler reports why it refused a request by
//! adding a [`Denied`] to its answer; the server removes it again ([`Doors::watch`]), so that no handler logs or counts
//! by itself.
//!
//! A log line contains the place of the check (the door), the reason, the code that the client received, the id of the
//! credential if it is known, and a pseudonym of the client's address. It never contains the secret or the address.
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus::IntCounterVec;
use tracing::{Instrument, info_span, warn};

mod door;
mod lines;
mod pseudonym;

pub use door::{Denied, Door, Reason};
pub use pseudonym::{Pseudonym, Pseudonyms};

use lines::Lines;

use crate::metrics::Metrics;
use crate::serving::client::{Peer, client_of};
use crate::serving::headers;

/// Watches the doors of one port. Clones log and count together.
#[derive(Clone)]
pub struct Doors {
    /// Our proxies in front of the port, each of which adds to X-Forwarded-For.
    hops: u8,
    pseudonyms: Pseudonyms,
    failures: IntCounterVec,
    lines: Arc<Lines>,
}

impl Doors {
    /// The doors of a port behind `hops` of our proxies.
    pub fn new(hops: u8, pseudonyms: Pseudonyms, metrics: &Metrics) -> Self {
        Self::counting(hops, pseudonyms, metrics.auth_failures.clone())
    }

    /// The same for a process that has no other metrics.
    pub(crate) fn counting(hops: u8, pseudonyms: Pseudonyms, failures: IntCounterVec) -> Self {
        Self { hops, pseudonyms, failures, lines: Arc::default() }
    }

    /// The same doors for a port that is not behind any of our proxies.
    #[must_use]
    pub fn without_proxies(&self) -> Self {
        Self { hops: 0, ..self.clone() }
    }

    /// The name of an address in logs.
    pub fn pseudonym(&self, address: IpAddr) -> Pseudonym {
        self.pseudonyms.of(address)
    }

    /// Logs and counts one failure.
    pub fn failed(&self, denied: &Denied, client: Option<&Pseudonym>) {
        let Denied { door, reason, code, credential } = denied;
        let (door, why) = (door.name(), reason.name());
        self.failures.with_label_values(&[door, why]).inc();
        let Some(unwritten) = self.lines.may_write(Instant::now()) else { return };
        let client = client.map_or("unknown", Pseudonym::as_str);
        let credential = credential.as_deref().unwrap_or("unknown");
        warn!(
            auth.door = door,
            auth.reason = why,
            auth.code = code,
            credential.id = credential,
            auth.client = client,
            auth.unwritten = unwritten,
            "authentication failed at {door}: {code}"
        );
    }

    /// Middleware for everything that a port serves: each log line within a request names the client by its pseudonym,
    /// a refusal at a door is logged, and each answer gets the security headers. The [`Pseudonym`] is an extension of
    /// the request, so that the audit trail names the client as the log does.
    pub async fn watch(State(doors): State<Self>, mut request: Request, next: Next) -> Response {
        let peer = request.extensions().get::<Peer>();
        let client = peer.map(|peer| doors.pseudonym(client_of(peer.0, request.headers(), doors.hops)));
        let name = client.as_ref().map_or("unknown", Pseudonym::as_str);
        let span = info_span!(target: "log_context", "request", client = name);
        if let Some(client) = &client {
            request.extensions_mut().insert(client.clone());
        }
        let answered = async {
            let mut response = next.run(request).await;
            if let Some(denied) = response.extensions_mut().remove::<Denied>() {
                doors.failed(&denied, client.as_ref());
            }
            headers::secure(response.headers_mut());
            response
        };
        answered.instrument(span).await
    }
}

#[cfg(test)]
mod tests {
    use super::lines::LINES;
    use super::*;

    #[test]
    fn every_failure_is_counted_by_door_and_reason() {
        let metrics = Metrics::new().unwrap();
        let doors = Doors::new(0, Pseudonyms::random(), &metrics);
        for _ in 0..2 * LINES {
            let denied = Denied { door: Door::Feed, reason: Reason::Wrong, code: "unauthorised", credential: None };
            doors.failed(&denied, None);
        }
        let text = String::from_utf8(metrics.text().unwrap()).unwrap();
        assert!(text.contains("reelmill_auth_failures_total{door=\"feed\",reason=\"wrong\"} 600\n"), "{text}");
        assert!(text.contains("reelmill_auth_failures_total{door=\"s3\",reason=\"unknown\"} 0\n"), "{text}");
    }
}
