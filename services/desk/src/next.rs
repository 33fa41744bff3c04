//! The next act of a person on a delivery, and the command for it. Lists, trouble and the acts themselves all take it
//! from here, so a printed command is one that is accepted.
use pipeline::delivery::{Delivery, Desired, Observed, RecallBy, RecallStep};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::partner::DeliveryMethod;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod refusal;

pub(crate) use refusal::demand;

/// An act of a person that a delivery waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeliveryStep)]
pub enum Step {
    /// Confirm the publication.
    Confirm,
    /// Deliver the bag to the partner and report where the work is online.
    Deliver,
    /// Remove the work at the partner and prove it.
    ProveRemoval,
}

/// The next act, its role, and its command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeliveryNext)]
pub struct Next {
    /// The act.
    pub act: Step,
    /// The role that may do it.
    #[schema(example = "operator")]
    pub role: String,
    /// The command. `URL` and `FILE` stand for what the person saw.
    #[schema(example = "reelmill confirm 0190c0de-0000-7000-8000-000000000000 --partner douyin")]
    pub command: String,
}

/// Who acts next on a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeliveryTurn)]
pub enum Turn {
    /// An operator, with the act in `next`.
    Operator,
    /// The partner.
    Partner,
    /// The system.
    System,
    /// No action is needed: the delivery is as desired, or the partner refused it permanently.
    Settled,
}

/// Who acts next. `method` is the partner's in the catalogue.
pub fn turn(method: Option<DeliveryMethod>, delivery: &Delivery) -> Turn {
    if step(method, delivery).is_some() {
        return Turn::Operator;
    }
    if delivery.is_settled() {
        return Turn::Settled;
    }
    let with_partner = matches!(
        (&delivery.observed, delivery.desired),
        (Observed::InReview { .. }, Desired::Live) | (Observed::Recalling { step: RecallStep::Acknowledged, .. }, _)
    );
    if with_partner { Turn::Partner } else { Turn::System }
}

/// The act that a delivery waits for; `None`: it waits for no person. `method` is the partner's in the catalogue.
pub fn step(method: Option<DeliveryMethod>, delivery: &Delivery) -> Option<Step> {
    match (&delivery.observed, delivery.desired) {
        (Observed::AwaitingOperator { .. }, Desired::Live) => step_of(method?),
        (Observed::Recalling { by: RecallBy::Operator, .. }, _) => Some(Step::ProveRemoval),
        _ => None,
    }
}

/// The act of an operator in each delivery by this method; `None` if it needs none.
pub(crate) fn step_of(method: DeliveryMethod) -> Option<Step> {
    match method {
        DeliveryMethod::Operator => Some(Step::Deliver),
        DeliveryMethod::Douyin => Some(Step::Confirm),
        DeliveryMethod::Bilibili | DeliveryMethod::SftpDrop | DeliveryMethod::S3Drop | DeliveryMethod::Mrss => None,
    }
}

/// The act that a delivery waits for, with its command.
pub fn next(
    submission: SubmissionId,
    partner: &PartnerId,
    method: Option<DeliveryMethod>,
    delivery: &Delivery,
) -> Option<Next> {
    let act = step(method, delivery)?;
    Some(Next { act, role: "operator".to_owned(), command: command(act, submission, partner) })
}

/// The command for an act.
pub fn command(step: Step, submission: SubmissionId, partner: &PartnerId) -> String {
    match step {
        Step::Confirm => format!("reelmill confirm {submission} --partner {partner}"),
        Step::Deliver => format!("reelmill delivered {submission} --partner {partner} --url URL"),
        Step::ProveRemoval => format!("reelmill recalled {submission} --partner {partner} --screenshot FILE"),
    }
}

#[cfg(test)]
mod tests {
    use pipeline::delivery::{DeliveryEvent, IntentId, Receipt};
    use uuid::Uuid;

    use super::*;

    /// A delivery after these events, each of which must change it.
    fn after(events: &[DeliveryEvent]) -> Delivery {
        let mut delivery = Delivery::new(1);
        for event in events {
            assert!(delivery.apply(event.clone()), "{event:?}");
        }
        delivery
    }

    fn handed() -> DeliveryEvent {
        DeliveryEvent::HandedToOperator { intent: IntentId(Uuid::nil()) }
    }

    fn code(act: Step, method: DeliveryMethod, delivery: &Delivery) -> &'static str {
        demand(act, Some(method), delivery).map_or_else(|problem| problem.code.name(), |()| "done")
    }

    #[test]
    fn the_method_decides_what_a_delivery_waits_for() {
        let waiting = after(&[handed()]);
        for method in DeliveryMethod::ALL {
            let wanted = match method {
                DeliveryMethod::Operator => Some(Step::Deliver),
                DeliveryMethod::Douyin => Some(Step::Confirm),
                _ => None,
            };
            assert_eq!(step(Some(method), &waiting), wanted, "{method}");
        }
        assert_eq!(step(None, &waiting), None, "a partner that the catalogue does not have");
        assert_eq!(code(Step::Deliver, DeliveryMethod::Douyin, &waiting), "awaits_confirmation");
        assert_eq!(code(Step::Confirm, DeliveryMethod::Operator, &waiting), "awaits_delivery");
        assert_eq!(code(Step::ProveRemoval, DeliveryMethod::Operator, &waiting), "not_recalled");
        assert_eq!(code(Step::Deliver, DeliveryMethod::Bilibili, &waiting), "not_by_hand");
        assert_eq!(code(Step::Confirm, DeliveryMethod::Bilibili, &waiting), "not_confirmed");
        assert_eq!(code(Step::Deliver, DeliveryMethod::Operator, &Delivery::new(1)), "state_wrong");
    }

    #[test]
    fn each_delivery_has_one_who_acts_next_or_is_settled() {
        let (intent, receipt) = (IntentId(Uuid::nil()), Receipt("a".into()));
        let sending = DeliveryEvent::Sending { intent };
        let accepted = DeliveryEvent::Accepted { intent, receipt: receipt.clone() };
        let live = DeliveryEvent::WentLive { receipt, public_url: None };
        let started = DeliveryEvent::RecallStarted { by: RecallBy::System };
        let acknowledged = DeliveryEvent::RecallAcknowledged;
        let whose = |method, events: &[DeliveryEvent]| turn(Some(method), &after(events));
        assert_eq!(whose(DeliveryMethod::Operator, &[handed()]), Turn::Operator);
        assert_eq!(whose(DeliveryMethod::Bilibili, &[]), Turn::System);
        assert_eq!(whose(DeliveryMethod::Bilibili, &[sending.clone(), accepted.clone()]), Turn::Partner);
        let seen = [sending, accepted, live];
        assert_eq!(whose(DeliveryMethod::Bilibili, &seen), Turn::Settled);
        let recall = [&seen[..], &[DeliveryEvent::Unwanted]].concat();
        assert_eq!(whose(DeliveryMethod::Bilibili, &recall), Turn::System);
        let recall = [&recall[..], &[started, acknowledged]].concat();
        assert_eq!(whose(DeliveryMethod::Bilibili, &recall), Turn::Partner);
    }

    #[test]
    fn only_a_persons_recall_waits_for_a_proof() {
        let by = |by| after(&[handed(), DeliveryEvent::Unwanted, DeliveryEvent::RecallStarted { by }]);
        let (by_hand, by_system) = (by(RecallBy::Operator), by(RecallBy::System));
        assert_eq!(step(None, &by_hand), Some(Step::ProveRemoval), "whatever became of the partner");
        assert_eq!(code(Step::ProveRemoval, DeliveryMethod::Douyin, &by_hand), "done");
        assert_eq!(code(Step::Confirm, DeliveryMethod::Douyin, &by_hand), "awaits_removal");
        assert_eq!(code(Step::ProveRemoval, DeliveryMethod::Douyin, &by_system), "recall_by_system");
        let gone = after(&[DeliveryEvent::Unwanted]);
        assert_eq!(code(Step::ProveRemoval, DeliveryMethod::Douyin, &gone), "state_wrong");
    }

    #[test]
    fn a_report_from_review_counts_only_where_no_partner_can_be_asked() {
        let (intent, receipt) = (IntentId(Uuid::nil()), Receipt("a".into()));
        let in_review = after(&[DeliveryEvent::Sending { intent }, DeliveryEvent::Accepted { intent, receipt }]);
        assert_eq!(step(Some(DeliveryMethod::Mrss), &in_review), None, "it is possible, not awaited");
        assert_eq!(code(Step::Deliver, DeliveryMethod::Mrss, &in_review), "done");
        assert_eq!(code(Step::Deliver, DeliveryMethod::SftpDrop, &in_review), "done");
        assert_eq!(code(Step::Deliver, DeliveryMethod::Bilibili, &in_review), "not_by_hand");
    }
}
