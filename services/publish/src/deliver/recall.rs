//! A recall by API. It ends when the work was observed to be gone, or as a person's task.
use anyhow::Result;
use pipeline::delivery::{DeliveryEvent, RecallBy, RecallStep, Receipt};
use runtime::outcome::Outcome;

use super::way::{Seen, TakenBack, Way};
use crate::task::Task;

/// Takes the recall one step further.
pub(super) async fn recall<W: Way>(
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
