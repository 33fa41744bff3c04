//! What an act on a delivery is refused with, if the delivery does not wait for it.
use pipeline::delivery::{Delivery, Desired, Observed};
use pipeline::partner::DeliveryMethod;
use runtime::problem::{Code, Problem};

use super::{Step, step};
use crate::names::in_states;

/// Refuses an act that a delivery does not wait for, and names the right one.
pub(crate) fn demand(act: Step, method: Option<DeliveryMethod>, delivery: &Delivery) -> Result<(), Problem> {
    let code = match (act, step(method, delivery)) {
        (act, Some(next)) if act == next => return Ok(()),
        (Step::ProveRemoval, _) => return Err(not_removed_by_hand(delivery)),
        (_, Some(Step::Confirm)) => Code::AwaitsConfirmation,
        (_, Some(Step::Deliver)) => Code::AwaitsDelivery,
        (_, Some(Step::ProveRemoval)) => Code::AwaitsRemoval,
        (Step::Confirm, None) if method != Some(DeliveryMethod::Douyin) => Code::NotConfirmed,
        (Step::Deliver, None) if may_be_seen_unasked(method, delivery) => return Ok(()),
        (Step::Deliver, None) if method != Some(DeliveryMethod::Operator) => Code::NotByHand,
        (Step::Confirm | Step::Deliver, None) => Code::StateWrong,
    };
    Err(code.about(in_states([delivery.observed.name()])))
}

/// Whether the files are with a partner that may publish the work without any report to us: a drop without a receipt,
/// or a feed that was read in a way that we cannot see. A partner with an API is asked by the system instead.
fn may_be_seen_unasked(method: Option<DeliveryMethod>, delivery: &Delivery) -> bool {
    let in_review = matches!((&delivery.observed, delivery.desired), (Observed::InReview { .. }, Desired::Live));
    in_review
        && match method {
            Some(DeliveryMethod::SftpDrop | DeliveryMethod::S3Drop | DeliveryMethod::Mrss) => true,
            Some(DeliveryMethod::Bilibili | DeliveryMethod::Douyin | DeliveryMethod::Operator) | None => false,
        }
}

/// Why a delivery does not wait for proof of a removal.
fn not_removed_by_hand(delivery: &Delivery) -> Problem {
    let code = match (&delivery.observed, delivery.desired) {
        (Observed::Recalled { .. } | Observed::Refused { .. }, _) => Code::StateWrong,
        (_, Desired::Live) => Code::NotRecalled,
        (_, Desired::Gone) => Code::RecallBySystem,
    };
    code.about(in_states([delivery.observed.name()]))
}
