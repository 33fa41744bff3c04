//! From the state observed at a partner to the desired one: one driver for every method, and one trait that each
//! method's adapter implements. Only the driver changes the delivery's state; an adapter reports what it did and saw.
//!
//! The design is that of payments: the intent is stored before the call that publishes, a call that may have taken
//! effect is read back before anything is sent again, and a recall ends only when the work was observed to be gone.
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

/// A method of delivery. Every function may be called again after a crash at any point, by another process.
pub(crate) trait Way: Send + Sync {
    /// Whether a person does the rest once the package is ready, and reports it.
    const BY_HAND: bool = false;

    /// Whether the prepared files are visible at the partner, and so must be removed although they never counted.
    const LEAVES_FILES: bool = false;

    /// Everything before the call that publishes: parts of a file, files under temporary names. Continues where it was
    /// interrupted.
    fn prepare(&self, task: &mut Task<'_>, files: &[PackageFile]) -> impl Future<Output = Result<Prepared>> + Send;

    /// The one call that publishes the work. An error means that it may have taken effect.
    fn submit(
        &self,
        task: &mut Task<'_>,
        files: &[PackageFile],
        intent: IntentId,
    ) -> impl Future<Output = Result<Submitted>> + Send;

    /// Whether a call without an answer took effect.
    fn read_back(&self, task: &mut Task<'_>, intent: IntentId) -> impl Future<Output = Result<ReadBack>> + Send;

    /// The partner's present state of the work with this name.
    fn look(&self, task: &mut Task<'_>, receipt: &Receipt) -> impl Future<Output = Result<Seen>> + Send;

    /// Asks the partner to remove the work. `None` if it may be there under an unknown name.
    fn take_back(
        &self,
        task: &mut Task<'_>,
        receipt: Option<&Receipt>,
    ) -> impl Future<Output = Result<TakenBack>> + Send;

    /// How long after an unanswered call an absence is trusted: the time the partner may need to show what it accepted.
    fn settle(&self, task: &Task<'_>) -> Duration {
        task.runtime.config.publish.unknown_settle()
    }
}

/// The result of preparing.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// The call that publishes can be made.
    Ready,
    /// A person must confirm first, or takes over from here.
    AskPerson,
    /// Not yet.
    Later(Duration),
}

/// The result of the call that publishes.
#[derive(Debug)]
pub(crate) enum Submitted {
    /// The partner has it and reviews it.
    Accepted(Receipt),
    /// It is public, perhaps with an address.
    Live(Receipt, Option<String>),
    /// It certainly took no effect.
    NotSent {
        /// In the partner's words.
        words: String,
        /// When to try again; `None`: as after any failure of ours, with parking after a few.
        again: Option<Duration>,
    },
    /// It may have taken effect.
    Lost(String),
    /// The partner does not accept this work.
    Refused(String),
    /// It took no effect, and a person has to do something before it can.
    Person(String),
}

/// The result of reading back.
#[derive(Debug)]
pub(crate) enum ReadBack {
    /// It is there, under this name.
    Found(Receipt),
    /// It is not there.
    Absent,
    /// Not known yet.
    NotYet,
}

/// The work's state at the partner.
#[derive(Debug)]
pub(crate) enum Seen {
    /// It is still in review; in the partner's words.
    InReview(String),
    /// It is public, perhaps with an address.
    Live(Option<String>),
    /// The partner does not accept it, in its words.
    Refused(String),
    /// The partner does not have it.
    Gone,
    /// Not known yet, and why.
    Unsure(String),
}

/// The result of asking to remove a work.
#[derive(Debug)]
pub(crate) enum TakenBack {
    /// The partner confirmed; its removal must still be observed.
    Asked,
    /// It was observed to be gone, or certainly never arrived.
    Gone,
    /// No API can do it; the reason, for the person.
    Person(String),
}

/// More steps than any delivery takes at once: recalled, and sent again.
const MOST_STEPS: usize = 24;

/// Takes one delivery as far as is possible now. Errors contain no secret, though partners may echo what we sent them.
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
            // Rate budget or circuit breaker: nothing was done, and it is no failure.
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

/// One step; `None`: evaluate the new state.
async fn step<W: Way>(way: &W, task: &mut Task<'_>) -> Result<Option<Outcome>> {
    match (task.machine().observed.clone(), task.desired()) {
        (Observed::Planned, Desired::Live) => Box::pin(send(way, task)).await,
        // An unanswered call was ours and was interrupted: we hold the part now, so no other process is still calling.
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

/// Everything up to the call that publishes, the call, and its result.
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
    // Recalled while the package was prepared: there is nothing to send any more.
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

/// A call without an answer: if the work is found, the call counts as answered; an absence is trusted only after the
/// partner had time to show it.
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

/// An intent's id is a version 7 UUID, which contains its creation time.
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

/// A recall by API. It ends when the work was observed to be gone, or as a person's task.
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
        // A refused work that is still there under its name is not gone.
        Seen::InReview(_) | Seen::Live(_) | Seen::Refused(_) | Seen::Unsure(_) if task.is_overdue() => {
            hand_recall_over(task, "the work was not gone by the deadline").await
        }
        // The request of an earlier round may not have arrived. Repeating it is harmless.
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
        // A clock that was set back must not cause a panic; nothing is old then.
        assert_eq!(age_of(intent, DateTime::UNIX_EPOCH), Duration::ZERO);
    }

    #[test]
    fn leave_to_call_later_is_told_from_a_failure() {
        let wait = anyhow::Error::new(CallError::Wait(Duration::from_secs(3))).context("list archives");
        assert_eq!(waits(&wait), Some(Duration::from_secs(3)));
        assert_eq!(waits(&anyhow::Error::new(CallError::Lost("x".into()))), None);
    }
}
