//! The driver: from the state observed at a partner to the desired one, step by step.
use anyhow::{Result, bail};
use pipeline::delivery::{DeliveryEvent, Desired, Observed, RecallBy, Receipt};
use runtime::outcome::Outcome;

use super::by_hand;
use super::recall::recall;
use super::send::{read_back, send};
use super::way::{Seen, Way};
use crate::exchange::waits;
use crate::task::Task;

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
            let (text, cut) = (format!("{error:#}"), task.secrets.cut(&format!("{error:#}")));
            Err(if text == cut { error } else { anyhow::anyhow!(cut) })
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
