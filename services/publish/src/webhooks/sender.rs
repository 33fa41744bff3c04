//! The sender: looks for endpoints with messages due, and gives each a task of its own, so that a slow or silent
//! endpoint delays no other. Every process of the publish role runs one; the database assigns each message to one of
//! them.
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::future::join_all;
use rand::Rng;
use reqwest::Method;
use runtime::clock::Clock;
use runtime::metrics::Metrics;
use runtime::seal::Keyring;
use runtime::service::{Runtime, Shutdown};
use runtime::store::Store;
use runtime::store::webhooks::queue::{Attempted, Claimed, Mood, Next};
use runtime::webhook::{Target, message_name};
use tokio::task::JoinHandle;
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::{schedule, sign};
use crate::guarded::{Answer, Call, Guarded, NoAnswer};
use crate::redact::Secrets;

/// Interval of polling for due messages: the longest delay of a first attempt.
const LOOK: Duration = Duration::from_secs(1);
/// Messages of one endpoint in flight at once.
const SIDE_BY_SIDE: i64 = 4;
/// Time limit of one call. The specification recommends 15 to 30 s.
const DEADLINE: Duration = Duration::from_secs(20);
/// Bytes of an answer that the log keeps.
const ANSWER_BYTES: usize = 1024;
/// Interval of deleting old messages, over all processes.
const CLEAR_EVERY: Duration = Duration::from_secs(600);

struct Sender {
    store: Store,
    clock: Clock,
    metrics: Metrics,
    shutdown: Shutdown,
    keys: Keyring,
    guarded: Guarded,
}

/// Sends webhooks until the process stops. Messages in flight are then tried again by another process, under the same
/// id.
///
/// # Errors
/// When the client cannot be created.
pub async fn serve(runtime: Arc<Runtime>) -> Result<()> {
    let soft = runtime.shutdown.soft.clone();
    let keys = match runtime.config.keys.keyring() {
        Ok(keys) => keys,
        Err(error) => {
            warn!("webhooks are not sent here: {error:#}");
            soft.cancelled().await;
            return Ok(());
        }
    };
    let sender = Arc::new(Sender::new(&runtime, keys)?);
    let mut busy: HashMap<Uuid, JoinHandle<()>> = HashMap::new();
    let mut failing = false;
    while !soft.is_cancelled() {
        busy.retain(|_, task| !task.is_finished());
        let looked = sender.look(&mut busy).await;
        // Logged once per outage, not at each poll.
        match &looked {
            Ok(()) if failing => info!("webhooks are sent again"),
            Err(error) if !failing => warn!("cannot look for webhooks to send: {error:#}"),
            Err(error) => debug!("still cannot look for webhooks to send: {error:#}"),
            Ok(()) => {}
        }
        failing = looked.is_err();
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = soft.cancelled() => {}
        }
    }
    let ending = async {
        for task in busy.values_mut() {
            // A task that panicked has ended as well.
            let _ = task.await;
        }
    };
    tokio::select! {
        () = ending => {}
        () = sender.shutdown.out_of_grace() => {}
    }
    for task in busy.values() {
        task.abort();
    }
    Ok(())
}

impl Sender {
    fn new(runtime: &Runtime, keys: Keyring) -> Result<Self> {
        Ok(Self {
            store: runtime.store.clone(),
            clock: runtime.clock.clone(),
            metrics: runtime.metrics.clone(),
            shutdown: runtime.shutdown.clone(),
            keys,
            guarded: Guarded::new(&runtime.config.allow_private_networks)?,
        })
    }

    async fn look(self: &Arc<Self>, busy: &mut HashMap<Uuid, JoinHandle<()>>) -> Result<()> {
        for endpoint in self.store.webhooks_due().await? {
            let sender = self.clone();
            busy.entry(endpoint).or_insert_with(|| {
                tokio::spawn(async move {
                    if let Err(error) = sender.empty(endpoint).await {
                        warn!(webhook.id = %endpoint, "webhook {endpoint} stays behind for now: {error:#}");
                    }
                })
            });
        }
        if self.store.take_turn("forget_old_webhooks", CLEAR_EVERY).await? {
            self.store.forget_old_webhooks().await?;
        }
        Ok(())
    }

    /// Sends an endpoint's due messages, until none is left or the process stops.
    async fn empty(&self, endpoint: Uuid) -> Result<()> {
        while !self.shutdown.soft.is_cancelled() {
            // Read again for every few messages, so that a rotation takes effect at once.
            let Some(sealed) = self.store.webhook_sealed(endpoint).await? else { return Ok(()) };
            let target = Target::open(&self.keys, endpoint, &sealed);
            let claimed = self.store.claim_webhooks(endpoint, SIDE_BY_SIDE).await?;
            if claimed.is_empty() {
                return Ok(());
            }
            let sending = claimed.iter().map(|message| Box::pin(self.attempt(endpoint, &target, message)));
            join_all(sending).await.into_iter().collect::<Result<()>>()?;
        }
        Ok(())
    }

    async fn attempt(&self, endpoint: Uuid, target: &Result<Target>, message: &Claimed) -> Result<()> {
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
pub(crate) fn clean(body: &[u8], clipped: bool, secrets: &[String]) -> String {
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
