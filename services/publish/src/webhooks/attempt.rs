//! One attempt to send a message: the signed call, its outcome, and what is recorded of it.
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rand::Rng;
use reqwest::Method;
use runtime::clock::Clock;
use runtime::metrics::Metrics;
use runtime::service::Runtime;
use runtime::store::Store;
use runtime::store::outgoing::webhooks::queue::{Attempted, Claimed, Mood, Next};
use runtime::webhook::{Target, message_name};
use tracing::warn;
use uuid::Uuid;

use super::{schedule, sign};
use crate::guarded::{Answer, Call, Guarded, NoAnswer};
use crate::redact::Secrets;

/// Time limit of one call. The specification recommends 15 to 30 s.
const DEADLINE: Duration = Duration::from_secs(20);
/// Bytes of an answer that the log keeps.
const ANSWER_BYTES: usize = 1024;

/// What an attempt needs.
pub(super) struct Attempts {
    store: Store,
    clock: Clock,
    metrics: Metrics,
    guarded: Guarded,
}

impl Attempts {
    pub(super) fn of(runtime: &Runtime) -> Result<Self> {
        Ok(Self {
            store: runtime.store.clone(),
            clock: runtime.clock.clone(),
            metrics: runtime.metrics.clone(),
            guarded: Guarded::new(&runtime.config.allow_private_networks)?,
        })
    }

    /// Sends the message once, if its endpoint could be read, and records the outcome.
    pub(super) async fn attempt(&self, endpoint: Uuid, target: &Result<Target>, message: &Claimed) -> Result<()> {
        let begun = Instant::now();
        let called = match target {
            Ok(target) => self.call(target, message).await,
            // A missing key may be available at the next attempt.
            Err(error) => Err(NoAnswer::NotSent(format!("{error:#}"))),
        };
        let jitter = rand::rng().random_range(0.0..1.0);
        let asked = called.as_ref().ok().and_then(|it| schedule::retry_after(&it.headers, self.clock.now()));
        let earlier = u32::try_from(message.earlier).unwrap_or(0);
        let again = || schedule::wait(earlier, asked, jitter).map_or(Next::GivenUp, Next::Again);
        let (next, mood) = match called.as_ref().map(|answer| answer.status) {
            Ok(200..=299) => (Next::Delivered, Mood::Answers),
            Ok(410) => (Next::Gone, Mood::Answers),
            // "Not now": the messages after it wait too.
            Ok(429 | 502 | 503 | 504) => (again(), Mood::Unwell(asked)),
            Ok(_) => (again(), Mood::Answers),
            Err(NoAnswer::Forbidden(_) | NoAnswer::NotSent(_) | NoAnswer::Lost(_)) => (again(), Mood::Unwell(None)),
        };
        let attempted = attempted(called, target, begun.elapsed());
        self.metrics.webhook_attempts.with_label_values(&[outcome(next)]).inc();
        match next {
            Next::Delivered | Next::Again(_) => {}
            Next::GivenUp => warn!(webhook.id = %endpoint, "webhook {endpoint} did not take {}: given up", message.id),
            Next::Gone => warn!(webhook.id = %endpoint, "webhook {endpoint} answered 410 and gets no more messages"),
        }
        self.store.end_webhook_attempt(endpoint, message, &attempted, next, mood).await
    }

    async fn call(&self, target: &Target, message: &Claimed) -> Result<Answer, NoAnswer> {
        let at = self.clock.now();
        let headers = target
            .valid(at)
            .and_then(|secrets| sign::headers(&message_name(message.id), at, &message.body, &secrets))
            .context("sign the message")
            .map_err(|error| NoAnswer::NotSent(format!("{error:#}")))?;
        let call = Call {
            method: Method::POST,
            url: &target.url,
            headers,
            body: message.body.clone().into_bytes(),
            deadline: DEADLINE,
            answer_bytes: ANSWER_BYTES,
            plain_http: false,
        };
        Box::pin(self.guarded.call(call)).await
    }
}

/// The log entry. An endpoint may answer with anything, including our own secrets.
fn attempted(called: Result<Answer, NoAnswer>, target: &Result<Target>, elapsed: Duration) -> Attempted {
    match called {
        Ok(answer) => {
            let secrets = target.as_ref().map(Target::secrets).unwrap_or_default();
            let answered = (!answer.body.is_empty()).then(|| clean(&answer.body, answer.clipped, &secrets));
            Attempted { status: Some(answer.status), error: None, elapsed, answer: answered }
        }
        Err(error) => Attempted { status: None, error: Some(error.to_string()), elapsed, answer: None },
    }
}

/// An answer as storable text: without secrets, and without NUL, which the database cannot store.
fn clean(body: &[u8], clipped: bool, secrets: &[String]) -> String {
    let known = Secrets::default().and(secrets);
    let mut text = known.cut(&String::from_utf8_lossy(body));
    if clipped {
        // A secret cut off by the end of the text would not be found above.
        let longest = secrets.iter().map(String::len).max().unwrap_or(0);
        let mut end = text.len().saturating_sub(longest);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

fn outcome(next: Next) -> &'static str {
    match next {
        Next::Delivered => "delivered",
        Next::Again(_) => "failed",
        Next::GivenUp => "given_up",
        Next::Gone => "gone",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_ours_is_kept_from_an_answer_not_even_half_of_one() {
        let secrets = ["canary-canary".to_owned()];
        assert_eq!(clean(b"you sent canary-canary\0!", false, &secrets), "you sent [cut]\u{fffd}!");
        assert_eq!(clean("长长的回答 canary-cana".as_bytes(), true, &secrets), "长长的回…");
        assert_eq!(clean(b"\xff", true, &[]), "\u{fffd}…");
    }
}
