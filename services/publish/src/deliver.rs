//! From what was observed at a partner to what is desired there: one driver for every way, and one trait that each way's adapter
//! implements. The driver alone moves the delivery's state machine; an adapter only says what it did and saw.
//!
//! Built like payments: the intent is written before the call that counts, what may have taken effect is read back before
//! anything is sent again, and a recall is over only when the work was seen to be gone.
use std::future::Future;
use std::time::Duration;

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use pipeline::delivery::{DeliveryEvent, Desired, IntentId, Observed, RecallBy, RecallStep, Receipt};
use runtime::outcome::Outcome;
use uuid::Uuid;

use crate::exchange::CallError;
use crate::package::PackageFile;
use crate::task::Task;

pub(crate) mod bilibili;
mod by_hand;
pub(crate) mod douyin;
mod drop_folder;
pub(crate) mod mrss;
pub(crate) mod operator;
pub(crate) mod s3_drop;
pub(crate) mod sftp_drop;

/// A way to a partner. Every function may be called again after a crash in any place, by another process.
pub(crate) trait Way: Send + Sync {
    /// Whether a person does the rest once the package is ready, and reports it.
    const BY_HAND: bool = false;

    /// Whether what preparing brings there can be seen there, and so has to be taken back although it never counted.
    const LEAVES_FILES: bool = false;

    /// All that comes before the call that counts: parts of a file, files under temporary names. Goes on where it was cut off.
    fn prepare(&self, task: &mut Task<'_>, files: &[PackageFile]) -> impl Future<Output = Result<Prepared>> + Send;

    /// The one call that makes the work count there. An error means that it may have taken effect.
    fn submit(
        &self,
        task: &mut Task<'_>,
        files: &[PackageFile],
        intent: IntentId,
    ) -> impl Future<Output = Result<Submitted>> + Send;

    /// Whether a call without an answer took effect.
    fn read_back(&self, task: &mut Task<'_>, intent: IntentId) -> impl Future<Output = Result<ReadBack>> + Send;

    /// What the partner has now under this name.
    fn look(&self, task: &mut Task<'_>, receipt: &Receipt) -> impl Future<Output = Result<Seen>> + Send;

    /// Asks the partner to remove the work. `None` where it may be there without our knowing its name.
    fn take_back(
        &self,
        task: &mut Task<'_>,
        receipt: Option<&Receipt>,
    ) -> impl Future<Output = Result<TakenBack>> + Send;

    /// How long after an unanswered call its absence is believed: as long as the partner may need to show what it took.
    fn settle(&self, task: &Task<'_>) -> Duration {
        task.runtime.config.unknown_settle()
    }
}

/// How preparing ended.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// The call that counts can be made.
    Ready,
    /// A person has to say yes first, or takes it from here.
    AskPerson,
    /// Not yet.
    Later(Duration),
}

/// How the call that counts ended.
#[derive(Debug)]
pub(crate) enum Submitted {
    /// The partner has it and is looking.
    Accepted(Receipt),
    /// It can be seen, perhaps at an address.
    Live(Receipt, Option<String>),
    /// It certainly took no effect.
    NotSent {
        /// In the partner's words.
        words: String,
        /// When to try again; `None`: as after any failure of ours, and parked after a few.
        again: Option<Duration>,
    },
    /// It may have taken effect.
    Lost(String),
    /// The partner does not take this work.
    Refused(String),
    /// It took no effect, and a person has to do something before it can.
    Person(String),
}

/// What reading back says.
#[derive(Debug)]
pub(crate) enum ReadBack {
    /// It is there, under this name.
    Found(Receipt),
    /// It is not there.
    Absent,
    /// That cannot be said yet.
    NotYet,
}

/// What the partner has.
#[derive(Debug)]
pub(crate) enum Seen {
    /// It is still looking; in its words.
    InReview(String),
    /// People can see it, perhaps at an address.
    Live(Option<String>),
    /// It does not take it, in its words.
    Refused(String),
    /// It does not have it.
    Gone,
    /// That cannot be said yet, and why.
    Unsure(String),
}

/// What came of asking to remove a work.
#[derive(Debug)]
pub(crate) enum TakenBack {
    /// The partner said yes; it has to be seen.
    Asked,
    /// It was seen to be gone, or certainly never got there.
    Gone,
    /// There is no way for a machine; why, for the person.
    Person(String),
}

/// More steps than any delivery takes at once: recalled, and sent anew.
const MOST_STEPS: usize = 24;

/// Brings one delivery as far as it goes now. What is told of it holds no secret, though partners may say back what we sent them.
pub(crate) async fn drive<W: Way>(way: &W, task: &mut Task<'_>) -> Result<Outcome> {
    match go(way, task).await {
        Ok(Outcome::Parked(why)) => Ok(Outcome::Parked(task.secrets.cut(&why))),
        // However the adapter put it: with its last call over the budget it waits for its turn.
        Ok(Outcome::Later(wait)) => Ok(task.turn.over().map_or(Outcome::Later(wait), Outcome::OverBudget)),
        Ok(outcome) => Ok(outcome),
        Err(error) => {
            let (told, cut) = (format!("{error:#}"), task.secrets.cut(&format!("{error:#}")));
            Err(if told == cut { error } else { anyhow::anyhow!(cut) })
        }
    }
}

async fn go<W: Way>(way: &W, task: &mut Task<'_>) -> Result<Outcome> {
    for _ in 0..MOST_STEPS {
        let ended = match step(way, task).await {
            Ok(ended) => ended,
            // Budget or breaker: nothing was done, and it is nobody's failure.
            Err(error) => match waits(&error) {
                Some(wait) => Some(Outcome::Later(wait)),
                None => return Err(error),
            },
        };
        if let Some(outcome) = ended {
            return Ok(outcome);
        }
    }
    bail!("the delivery goes round in circles: {:?}", task.machine())
}

fn waits(error: &anyhow::Error) -> Option<Duration> {
    error.chain().find_map(|cause| match cause.downcast_ref::<CallError>() {
        Some(CallError::Wait(wait)) => Some(*wait),
        _ => None,
    })
}

/// One step; `None`: look again at what is observed now.
async fn step<W: Way>(way: &W, task: &mut Task<'_>) -> Result<Option<Outcome>> {
    match (task.machine().observed.clone(), task.desired()) {
        (Observed::Planned, Desired::Live) => Box::pin(send(way, task)).await,
        // A call that has no answer is one of ours that was cut off: we hold the part now, so nobody is still calling.
        (Observed::Sending { intent }, _) => {
            task.note(DeliveryEvent::AnswerLost { intent }, None).await?;
            Ok(None)
        }
        (Observed::Unknown { intent }, _) => read_back(way, task, intent).await,
        (Observed::AwaitingOperator { .. }, Desired::Live) if W::BY_HAND => Ok(Some(task.done())),
        (Observed::AwaitingOperator { .. }, Desired::Live) => Ok(Some(task.look_again())),
        (Observed::InReview { receipt }, Desired::Live) => review(way, task, receipt).await,
        (Observed::Live { .. }, Desired::Live) | (Observed::Recalled { .. } | Observed::Refused { .. }, _) => {
            Ok(Some(task.done()))
        }
        (Observed::AwaitingOperator { .. } | Observed::InReview { .. } | Observed::Live { .. }, Desired::Gone) => {
            task.note(DeliveryEvent::RecallStarted { by: RecallBy::System }, None).await?;
            Ok(None)
        }
        (Observed::Recalling { by: RecallBy::Operator, public_url, .. }, _) => {
            by_hand::recalled(task, public_url).await
        }
        (Observed::Recalling { receipt, by: RecallBy::System, step, .. }, _) => recall(way, task, receipt, step).await,
        (Observed::Planned, Desired::Gone) => bail!("nothing was sent, and yet it is not recalled"),
    }
}

/// Everything up to the call that counts, the call, and what came of it.
async fn send<W: Way>(way: &W, task: &mut Task<'_>) -> Result<Option<Outcome>> {
    if let Some(wait) = task.until_it_may_be_sent() {
        return Ok(Some(Outcome::Later(wait)));
    }
    let files = match task.package().await? {
        Ok(files) => files,
        Err(failures) => return Ok(Some(Outcome::Parked(failures))),
    };
    if W::LEAVES_FILES {
        task.note(DeliveryEvent::Preparing, None).await?;
        if task.machine().observed != Observed::Planned || task.desired() == Desired::Gone {
            return Ok(None);
        }
    }
    match way.prepare(task, &files).await? {
        Prepared::Ready => {}
        Prepared::Later(wait) => return Ok(Some(Outcome::Later(wait))),
        Prepared::AskPerson => {
            let event = DeliveryEvent::HandedToOperator { intent: IntentId(Uuid::now_v7()) };
            task.note(event, Some(&task.listing(&files))).await?;
            return Ok(None);
        }
    }
    let intent = IntentId(Uuid::now_v7());
    task.note(DeliveryEvent::Sending { intent }, None).await?;
    // Taken back while the package was prepared: there is nothing to send any more.
    if task.machine().observed != (Observed::Sending { intent }) {
        return Ok(None);
    }
    // From here on it counts, so this is the last moment at which a lost claim or a recall still stops it.
    task.still_ours().await?;
    let submitted = match way.submit(task, &files, intent).await {
        Ok(submitted) => submitted,
        Err(error) => match waits(&error) {
            Some(wait) => Submitted::NotSent { words: error.to_string(), again: Some(wait) },
            None => Submitted::Lost(format!("{error:#}")),
        },
    };
    answered(task, &files, intent, submitted).await
}

async fn answered(
    task: &mut Task<'_>,
    files: &[PackageFile],
    intent: IntentId,
    submitted: Submitted,
) -> Result<Option<Outcome>> {
    let listing = task.listing(files);
    match submitted {
        Submitted::Accepted(receipt) => {
            task.note(DeliveryEvent::Accepted { intent, receipt }, Some(&listing)).await?;
            task.forget_session().await?;
            Ok(None)
        }
        Submitted::Live(receipt, public_url) => {
            task.note(DeliveryEvent::WentLive { receipt, public_url }, Some(&listing)).await?;
            task.forget_session().await?;
            Ok(None)
        }
        Submitted::NotSent { words, again } => {
            task.note(DeliveryEvent::NotSent { intent }, None).await?;
            match again {
                Some(wait) => Ok(Some(Outcome::Later(wait))),
                None => bail!("{} did not take it: {words}", task.partner.id),
            }
        }
        Submitted::Lost(words) => {
            let words = task.secrets.cut(&words);
            tracing::warn!(partner = %task.partner.id, "a call has no answer and is read back: {words}");
            task.note(DeliveryEvent::AnswerLost { intent }, None).await?;
            Ok(None)
        }
        Submitted::Refused(words) => {
            task.note(DeliveryEvent::Refused { words }, None).await?;
            task.forget_session().await?;
            Ok(None)
        }
        Submitted::Person(words) => {
            task.note(DeliveryEvent::NotSent { intent }, None).await?;
            Ok(Some(Outcome::Parked(format!("{} wants a person: {words}", task.partner.id))))
        }
    }
}

/// A call without an answer: found, it is as if it had been answered; absent, that is believed once the partner had time to show it.
async fn read_back<W: Way>(way: &W, task: &mut Task<'_>, intent: IntentId) -> Result<Option<Outcome>> {
    let found = match way.read_back(task, intent).await? {
        ReadBack::Found(receipt) => Some(receipt),
        ReadBack::Absent => {
            let age = age_of(intent, task.runtime.clock.now());
            let settle = way.settle(task);
            if age < settle {
                return Ok(Some(Outcome::Later(settle - age)));
            }
            None
        }
        ReadBack::NotYet => return Ok(Some(task.look_again())),
    };
    task.note(DeliveryEvent::ReadBack { intent, found }, None).await?;
    Ok(None)
}

/// An intent's id is a version 7 UUID: it says when it was made.
fn age_of(intent: IntentId, now: DateTime<Utc>) -> Duration {
    let made = intent.0.get_timestamp().map_or(0, |stamp| stamp.to_unix().0);
    Duration::from_secs(u64::try_from(now.timestamp()).unwrap_or_default().saturating_sub(made))
}

async fn review<W: Way>(way: &W, task: &mut Task<'_>, receipt: Receipt) -> Result<Option<Outcome>> {
    let event = match way.look(task, &receipt).await? {
        Seen::Live(public_url) => DeliveryEvent::WentLive { receipt, public_url },
        Seen::Refused(words) => DeliveryEvent::Refused { words },
        Seen::Gone => DeliveryEvent::Refused { words: "the partner does not have it any more".into() },
        Seen::InReview(words) | Seen::Unsure(words) => {
            tracing::debug!(partner = %task.partner.id, "{} is not there yet: {words}", task.job.submission.id);
            return Ok(Some(task.look_again()));
        }
    };
    task.note(event, None).await?;
    Ok(None)
}

/// A recall by machine. It ends when the work was seen to be gone, or as a person's task.
async fn recall<W: Way>(
    way: &W,
    task: &mut Task<'_>,
    receipt: Option<Receipt>,
    step: RecallStep,
) -> Result<Option<Outcome>> {
    if step == RecallStep::Requested {
        match way.take_back(task, receipt.as_ref()).await? {
            TakenBack::Asked => task.note(DeliveryEvent::RecallAcknowledged, None).await?,
            TakenBack::Gone => {
                task.note(DeliveryEvent::RecallConfirmed, None).await?;
                return Ok(None);
            }
            TakenBack::Person(why) => return hand_recall_over(task, &why).await,
        }
    }
    let Some(receipt) = receipt else {
        return hand_recall_over(task, "the partner gave the work no name to look for").await;
    };
    match way.look(task, &receipt).await? {
        Seen::Gone => {
            task.note(DeliveryEvent::RecallConfirmed, None).await?;
            Ok(None)
        }
        // Refused and still there under its name is not gone.
        Seen::InReview(_) | Seen::Live(_) | Seen::Refused(_) | Seen::Unsure(_) if task.is_overdue() => {
            hand_recall_over(task, "the work was not gone by the deadline").await
        }
        // What was asked in an earlier round may never have arrived there. Asking twice for the same does no harm.
        Seen::InReview(_) | Seen::Live(_) | Seen::Refused(_) if step == RecallStep::Acknowledged => {
            match way.take_back(task, Some(&receipt)).await? {
                TakenBack::Asked => Ok(Some(task.look_again())),
                TakenBack::Gone => {
                    task.note(DeliveryEvent::RecallConfirmed, None).await?;
                    Ok(None)
                }
                TakenBack::Person(why) => hand_recall_over(task, &why).await,
            }
        }
        Seen::InReview(_) | Seen::Live(_) | Seen::Refused(_) | Seen::Unsure(_) => Ok(Some(task.look_again())),
    }
}

async fn hand_recall_over(task: &mut Task<'_>, why: &str) -> Result<Option<Outcome>> {
    tracing::warn!(partner = %task.partner.id, "a person has to take {} back: {why}", task.job.submission.id);
    task.note(DeliveryEvent::RecallStarted { by: RecallBy::Operator }, None).await?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intent_knows_its_age() {
        let made = uuid::Timestamp::from_unix(uuid::NoContext, 1_000, 0);
        let intent = IntentId(Uuid::new_v7(made));
        assert_eq!(age_of(intent, DateTime::from_timestamp(1_090, 0).unwrap()), Duration::from_secs(90));
        // A clock that was set back must not panic, and nothing is old then.
        assert_eq!(age_of(intent, DateTime::UNIX_EPOCH), Duration::ZERO);
    }

    #[test]
    fn leave_to_call_later_is_told_from_a_failure() {
        let wait = anyhow::Error::new(CallError::Wait(Duration::from_secs(3))).context("list archives");
        assert_eq!(waits(&wait), Some(Duration::from_secs(3)));
        assert_eq!(waits(&anyhow::Error::new(CallError::Lost("x".into()))), None);
    }
}
