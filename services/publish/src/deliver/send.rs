//! The call that publishes: everything before it, the call, its answer; and how a call without an answer is read back.
use std::time::Duration;

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use pipeline::delivery::{DeliveryEvent, Desired, IntentId, Observed};
use runtime::outcome::Outcome;
use uuid::Uuid;

use super::way::{Prepared, ReadBack, Submitted, Way};
use crate::exchange::waits;
use crate::package::PackageFile;
use crate::task::Task;

/// Everything up to the call that publishes, the call, and its result.
pub(super) async fn send<W: Way>(way: &W, task: &mut Task<'_>) -> Result<Option<Outcome>> {
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
                None => bail!("{} refused the delivery: {words}", task.partner.id),
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
pub(super) async fn read_back<W: Way>(way: &W, task: &mut Task<'_>, intent: IntentId) -> Result<Option<Outcome>> {
    let found = match way.read_back(task, intent).await? {
        ReadBack::Found(receipt) => Some(receipt),
        ReadBack::Absent => {
            let age = age_of(intent, task.tools.clock.now());
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
}
