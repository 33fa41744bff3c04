//! Every failed authentication is logged and counted, on every port. A handler reports why it refused a request by
//! adding a [`Denied`] to its answer; the server removes it again ([`Doors::watch`]), so that no handler logs or counts
//! by itself.
//!
//! A log line contains the place of the check (the door), the reason, the code that the client received, the id of the
//! credential if it is known, and a pseudonym of the client's address. It never contains the secret or the address.
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus::IntCounterVec;
use tracing::{Instrument, info_span, warn};

mod pseudonym;

pub use pseudonym::{Pseudonym, Pseudonyms};

use crate::metrics::Metrics;
use crate::serving::client::{Peer, client_of};
use crate::serving::headers;

/// Where credentials are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// The organisers' API, by tokens of people.
    Organisers,
    /// The pages of staff, by password, second factor, invitation and session.
    Console,
    /// The pages of recommending units, by the same means.
    Units,
    /// An entrant's entry and uploads, by the token of the entry.
    Entrants,
    /// The feed that partners pull and its files, by token and signed link.
    Feed,
    /// Notices that partners send, signed.
    Notices,
    /// The embedded object store, by signed requests.
    S3,
}

impl Door {
    /// Every door.
    pub const ALL: [Door; 7] =
        [Door::Organisers, Door::Console, Door::Units, Door::Entrants, Door::Feed, Door::Notices, Door::S3];

    /// Its name in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Door::Organisers => "organisers",
            Door::Console => "console",
            Door::Units => "units",
            Door::Entrants => "entrants",
            Door::Feed => "feed",
            Door::Notices => "notices",
            Door::S3 => "s3",
        }
    }
}

/// Why access was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// There was no credential.
    Missing,
    /// The text is not a credential of this kind.
    Malformed,
    /// It names a credential that does not exist.
    Unknown,
    /// The secret or the signature is wrong.
    Wrong,
    /// It is no longer valid: expired or revoked.
    Ended,
    /// It is valid but does not allow this.
    Forbidden,
    /// It was not checked, because of too many earlier failures.
    Slowed,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 7] = [
        Reason::Missing,
        Reason::Malformed,
        Reason::Unknown,
        Reason::Wrong,
        Reason::Ended,
        Reason::Forbidden,
        Reason::Slowed,
    ];

    /// Its name in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Missing => "missing",
            Reason::Malformed => "malformed",
            Reason::Unknown => "unknown",
            Reason::Wrong => "wrong",
            Reason::Ended => "ended",
            Reason::Forbidden => "forbidden",
            Reason::Slowed => "slowed",
        }
    }
}

/// A request that was refused at a door. It is carried in the extensions of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Where.
    pub door: Door,
    /// Why. The client receives less detail.
    pub reason: Reason,
    /// The code that the client received.
    pub code: &'static str,
    /// Id of the credential, if it is known; never a secret.
    pub credential: Option<String>,
}

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

/// Log lines about failures per minute, so that guesses cannot fill the disk. The counter counts all of them.
const LINES: u32 = 300;
const MINUTE: Duration = Duration::from_secs(60);

/// How many lines were written within the current minute, and how many were suppressed since the last line.
#[derive(Default)]
struct Lines(Mutex<(Option<Instant>, u32, u64)>);

impl Lines {
    /// Whether one more may be written at `now`; if so, how many were suppressed since the previous line.
    fn may_write(&self, now: Instant) -> Option<u64> {
        // A panic while the lock is held leaves usable numbers.
        let (begun, written, unwritten) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if begun.is_none_or(|begun| now.duration_since(begun) >= MINUTE) {
            (*begun, *written) = (Some(now), 0);
        }
        if *written >= LINES {
            *unwritten += 1;
            return None;
        }
        *written += 1;
        Some(std::mem::take(unwritten))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_failures_logs_a_limited_number_of_lines_and_counts_the_rest() {
        let (lines, begun) = (Lines::default(), Instant::now());
        let written = (0..LINES + 50).filter(|_| lines.may_write(begun).is_some()).count();
        assert_eq!(written, LINES as usize);
        assert_eq!(lines.may_write(begun + MINUTE / 2), None);
        assert_eq!(lines.may_write(begun + MINUTE), Some(51));
        assert_eq!(lines.may_write(begun + MINUTE), Some(0));
    }

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
