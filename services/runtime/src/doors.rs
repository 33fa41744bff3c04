//! Failed authentication leaves a trace: a line of the log and a count, at every door. A handler says why it refused a request by
//! putting a [`Denied`] into its answer; the server takes it out again ([`Doors::watch`]), so no handler writes or counts by itself.
//!
//! A line names the door, the reason, the code that the client read, the id of the credential where it is known, and a pseudonym
//! of the client's address. It never holds the secret or the address.
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
    /// The pages of recommending units, by the same.
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

/// Why a door stayed closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No credential came.
    Missing,
    /// What came is no credential of this door.
    Malformed,
    /// It names a credential that does not exist.
    Unknown,
    /// The secret or the signature is wrong.
    Wrong,
    /// It was right once: expired or revoked.
    Ended,
    /// It is right and does not open this.
    Forbidden,
    /// It was not looked at: too many failures came before.
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

/// A request that was refused at a door. Travels in the extensions of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Where.
    pub door: Door,
    /// Why. The client receives less.
    pub reason: Reason,
    /// The code that the client read.
    pub code: &'static str,
    /// Id of the credential, where it is known. Never anything secret.
    pub credential: Option<String>,
}

/// Watches the doors of one port. Clones write and count together.
#[derive(Clone)]
pub struct Doors {
    /// Proxies of ours before the port, each of which adds to X-Forwarded-For.
    hops: u8,
    pseudonyms: Pseudonyms,
    failures: IntCounterVec,
    lines: Arc<Lines>,
}

impl Doors {
    /// Doors of a port that has `hops` proxies of ours before it.
    pub fn new(hops: u8, pseudonyms: Pseudonyms, metrics: &Metrics) -> Self {
        Self::counting(hops, pseudonyms, metrics.auth_failures.clone())
    }

    /// The same for a process that has no other metrics.
    pub(crate) fn counting(hops: u8, pseudonyms: Pseudonyms, failures: IntCounterVec) -> Self {
        Self { hops, pseudonyms, failures, lines: Arc::default() }
    }

    /// The same doors for a port that no proxy of ours stands before.
    #[must_use]
    pub fn without_proxies(&self) -> Self {
        Self { hops: 0, ..self.clone() }
    }

    /// What an address is called in logs.
    pub fn pseudonym(&self, address: IpAddr) -> Pseudonym {
        self.pseudonyms.of(address)
    }

    /// Writes and counts one.
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

    /// Middleware around everything that a port serves: each line of the log within a request names the client by its pseudonym, a
    /// refusal at a door is written down, and each answer has the security headers. The [`Pseudonym`] is an extension of the request, so
    /// that the audit trail names the client as the log does.
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

/// Lines about failures per minute, so that guesses cannot fill the disk. The counter counts them all.
const LINES: u32 = 300;
const MINUTE: Duration = Duration::from_secs(60);

/// How many lines were written within the running minute, and how many were not since the last line.
#[derive(Default)]
struct Lines(Mutex<(Option<Instant>, u32, u64)>);

impl Lines {
    /// Whether one more may be written at `now`; then how many were not written since the line before.
    fn may_write(&self, now: Instant) -> Option<u64> {
        // A panic while the lock is held leaves numbers that are as good as any.
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
    fn a_flood_of_failures_writes_so_many_lines_a_minute_and_then_says_how_many_it_left_out() {
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
