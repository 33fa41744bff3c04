//! The command that resolves a trouble.
use pipeline::catalogue::Catalogue;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::partner::DeliveryMethod;
use runtime::store::watching::trouble::Trouble;
use uuid::Uuid;

use crate::next::{self, Step};

/// The command to type next. The runbook explains the rest.
pub(super) fn command(trouble: &Trouble, catalogue: &Catalogue) -> String {
    let place = &trouble.place;
    let Some(id) = trouble.submission else { return of_account(place, catalogue) };
    match trouble.kind.as_str() {
        "stuck" => "reelmill fsck --repair".to_owned(),
        "parked" => format!("reelmill retry {id}/{place}"),
        "no_progress" => format!("reelmill trace {id}"),
        "overdue_recall" | "recall_waits" if trouble.by_hand => {
            next::command(Step::ProveRemoval, SubmissionId(id), &PartnerId::new(place))
        }
        "waits_for_person" => of_delivery(id, place, catalogue),
        _ => format!("reelmill status {id}"),
    }
}

fn method(partner: &str, catalogue: &Catalogue) -> Option<DeliveryMethod> {
    catalogue.partner(&PartnerId::new(partner)).map(|it| it.method)
}

/// The act that a delivery waits for, by the partner's method; the query has already found that it waits for a person.
fn of_delivery(id: Uuid, partner: &str, catalogue: &Catalogue) -> String {
    match method(partner, catalogue).and_then(next::step_of) {
        Some(step) => next::command(step, SubmissionId(id), &PartnerId::new(partner)),
        None => format!("reelmill status {id}"),
    }
}

/// How an account gets credentials: tokens are stored in the database, other secrets are set in the environment.
fn of_account(partner: &str, catalogue: &Catalogue) -> String {
    match method(partner, catalogue) {
        Some(DeliveryMethod::Bilibili) => format!("reelmill partner authorise {partner} --stdin"),
        _ => "reelmill doctor".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(kind: &str, place: &str) -> Trouble {
        Trouble {
            kind: kind.into(),
            submission: (kind != "credentials_refused").then(Uuid::nil),
            contest: None,
            title: None,
            place: place.into(),
            since_s: 60.0,
            due: None,
            by_hand: true,
            words: None,
        }
    }

    #[test]
    fn each_says_what_to_type() {
        let catalogue = Catalogue::builtin();
        let next = |kind: &str, place: &str| command(&trouble(kind, place), &catalogue);
        let id = Uuid::nil();
        assert_eq!(next("parked", "transcode/segment/3"), format!("reelmill retry {id}/transcode/segment/3"));
        assert_eq!(next("stuck", "publish/partner/cctv"), "reelmill fsck --repair");
        assert_eq!(next("unknown_delivery", "bilibili"), format!("reelmill status {id}"));
        let by_hand = catalogue.partners().find(|it| it.method == DeliveryMethod::Operator).expect("one by hand");
        let partner = by_hand.id.as_str();
        assert_eq!(next("waits_for_person", partner), format!("reelmill delivered {id} --partner {partner} --url URL"));
        assert_eq!(next("waits_for_person", "douyin"), format!("reelmill confirm {id} --partner douyin"));
        let proof = format!("reelmill recalled {id} --partner cctv --screenshot FILE");
        assert_eq!([next("recall_waits", "cctv"), next("overdue_recall", "cctv")], [proof.clone(), proof]);
        let system = Trouble { by_hand: false, ..trouble("overdue_recall", "cctv") };
        assert_eq!(command(&system, &catalogue), format!("reelmill status {id}"));
        assert_eq!(next("credentials_refused", "bilibili"), "reelmill partner authorise bilibili --stdin");
        assert_eq!(next("credentials_refused", "cctv"), "reelmill doctor");
    }
}
