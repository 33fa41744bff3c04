//! Facts of deliveries.
use super::*;
use proptest::prelude::*;
use uuid::Uuid;

mod recalls;

fn intent(number: u128) -> IntentId {
    IntentId(Uuid::from_u128(number))
}

fn receipt(name: &str) -> Receipt {
    Receipt(name.to_owned())
}

/// Applies events each of which must change something; returns the last observed state's name.
fn after(events: Vec<DeliveryEvent>) -> Delivery {
    let mut delivery = Delivery::new(1);
    for event in events {
        assert!(delivery.apply(event.clone()), "{event:?} changed nothing in {delivery:?}");
        assert!(!delivery.apply(event.clone()), "{event:?} repeated changed {delivery:?}");
    }
    delivery
}

fn sending() -> DeliveryEvent {
    DeliveryEvent::Sending { intent: intent(1) }
}

fn accepted() -> DeliveryEvent {
    DeliveryEvent::Accepted { intent: intent(1), receipt: receipt("BV1") }
}

fn live() -> DeliveryEvent {
    DeliveryEvent::WentLive { receipt: receipt("BV1"), public_url: Some("https://example.org/BV1".into()) }
}

#[test]
fn a_platform_takes_reviews_and_shows() {
    let delivery = after(vec![sending(), accepted(), live()]);
    assert_eq!((delivery.observed.name(), delivery.is_settled()), ("live", true));
}

#[test]
fn an_unknown_outcome_is_read_back_before_anything_is_sent_again() {
    let mut delivery = after(vec![sending(), DeliveryEvent::AnswerLost { intent: intent(1) }]);
    assert_eq!(delivery.observed.name(), "unknown");
    let blind = [
        DeliveryEvent::Sending { intent: intent(2) },
        DeliveryEvent::HandedToOperator { intent: intent(2) },
        DeliveryEvent::NotSent { intent: intent(1) },
        DeliveryEvent::Wanted { run: 2 },
        DeliveryEvent::ReadBack { intent: intent(2), found: None },
    ];
    for event in blind {
        assert!(!delivery.apply(event.clone()), "{event:?}");
    }
    assert!(delivery.apply(DeliveryEvent::ReadBack { intent: intent(1), found: None }));
    assert!(delivery.apply(DeliveryEvent::Sending { intent: intent(2) }));
}

#[test]
fn what_the_read_back_finds_is_not_sent_again() {
    let lost = DeliveryEvent::AnswerLost { intent: intent(1) };
    let found = DeliveryEvent::ReadBack { intent: intent(1), found: Some(receipt("BV1")) };
    let mut delivery = after(vec![sending(), lost, found]);
    assert_eq!(delivery.observed, Observed::InReview { receipt: receipt("BV1") });
    assert!(!delivery.apply(DeliveryEvent::Sending { intent: intent(2) }));
}

#[test]
fn a_late_answer_settles_an_unknown_outcome() {
    let delivery = after(vec![sending(), DeliveryEvent::AnswerLost { intent: intent(1) }, accepted()]);
    assert_eq!(delivery.observed.name(), "in_review");
}

#[test]
fn an_operator_brings_the_bag_there() {
    let delivery = after(vec![DeliveryEvent::HandedToOperator { intent: intent(1) }, live()]);
    assert_eq!((delivery.observed.name(), delivery.is_settled()), ("live", true));
}

#[test]
fn an_upload_may_be_handed_over_for_the_last_step() {
    let delivery = after(vec![sending(), DeliveryEvent::HandedToOperator { intent: intent(1) }, live()]);
    assert_eq!(delivery.observed.receipt(), Some(&receipt("BV1")));
}

#[test]
fn a_call_without_effect_may_be_made_again() {
    let again = DeliveryEvent::Sending { intent: intent(2) };
    let delivery = after(vec![sending(), DeliveryEvent::NotSent { intent: intent(1) }, again]);
    assert_eq!(delivery.observed, Observed::Sending { intent: intent(2) });
}

#[test]
fn an_answer_to_another_call_is_late() {
    let mut delivery = after(vec![sending()]);
    for event in [
        DeliveryEvent::Accepted { intent: intent(9), receipt: receipt("BV9") },
        DeliveryEvent::NotSent { intent: intent(9) },
        DeliveryEvent::AnswerLost { intent: intent(9) },
    ] {
        assert!(!delivery.apply(event.clone()), "{event:?}");
    }
}

#[test]
fn news_about_another_work_changes_nothing() {
    let mut delivery = after(vec![sending(), accepted()]);
    assert!(!delivery.apply(DeliveryEvent::WentLive { receipt: receipt("BV9"), public_url: None }));
}

#[test]
fn a_known_address_is_not_forgotten() {
    let mut delivery = after(vec![sending(), accepted(), live()]);
    assert!(!delivery.apply(DeliveryEvent::WentLive { receipt: receipt("BV1"), public_url: None }));
}

#[test]
fn what_was_never_sent_is_gone_at_once() {
    let delivery = after(vec![DeliveryEvent::Unwanted]);
    assert_eq!((delivery.observed.name(), delivery.is_settled()), ("recalled", true));
}

#[test]
fn what_is_unwanted_is_not_sent() {
    let mut delivery = after(vec![sending(), DeliveryEvent::Unwanted]);
    assert!(!delivery.is_settled());
    assert!(!delivery.apply(DeliveryEvent::RecallStarted { by: RecallBy::System }), "the call has to end first");
    assert!(delivery.apply(DeliveryEvent::NotSent { intent: intent(1) }));
    assert_eq!(delivery.observed.name(), "recalled");
    assert!(!delivery.apply(DeliveryEvent::Sending { intent: intent(2) }));
}

#[test]
fn a_refusal_ends_it_until_a_new_run_wants_it() {
    let refused = DeliveryEvent::Refused { words: "片头有广告".into() };
    let delivery = after(vec![sending(), accepted(), refused, DeliveryEvent::Wanted { run: 2 }]);
    assert_eq!(delivery, Delivery::new(2));
}

#[test]
fn an_older_run_wants_nothing_any_more() {
    let mut delivery = Delivery::new(3);
    assert!(!delivery.apply(DeliveryEvent::Wanted { run: 2 }));
}

#[test]
fn a_confirmed_hand_over_is_sent_by_us() {
    let handed = DeliveryEvent::HandedToOperator { intent: intent(1) };
    let mut delivery = after(vec![handed, DeliveryEvent::Confirmed { intent: intent(1) }]);
    assert!(delivery.confirmed);
    assert!(!delivery.apply(DeliveryEvent::Confirmed { intent: intent(1) }));
    assert!(delivery.apply(DeliveryEvent::Sending { intent: intent(2) }));
}

#[test]
fn another_hand_over_or_an_unwanted_one_cannot_be_confirmed() {
    let mut delivery = after(vec![DeliveryEvent::HandedToOperator { intent: intent(1) }]);
    assert!(!delivery.apply(DeliveryEvent::Confirmed { intent: intent(2) }));
    assert!(delivery.apply(DeliveryEvent::Unwanted));
    assert!(!delivery.apply(DeliveryEvent::Confirmed { intent: intent(1) }));
}

#[test]
fn a_delivery_survives_json() {
    let delivery = after(vec![sending(), accepted(), live()]);
    let json = serde_json::to_value(&delivery).unwrap();
    assert_eq!(json["observed"]["state"], delivery.observed.name());
    assert_eq!(serde_json::from_value::<Delivery>(json).unwrap(), delivery);
}

fn any_event() -> impl Strategy<Value = DeliveryEvent> {
    let an_intent = || (0..3u128).prop_map(intent);
    let a_receipt = || prop_oneof![Just(receipt("BV1")), Just(receipt("BV2"))];
    let by = prop_oneof![Just(RecallBy::System), Just(RecallBy::Operator)];
    prop_oneof![
        (1..4u32).prop_map(|run| DeliveryEvent::Wanted { run }),
        Just(DeliveryEvent::Unwanted),
        Just(DeliveryEvent::Preparing),
        Just(DeliveryEvent::NotBefore { at: DateTime::UNIX_EPOCH }),
        (1..4u32).prop_map(|run| DeliveryEvent::Replace { run }),
        an_intent().prop_map(|intent| DeliveryEvent::Confirmed { intent }),
        Just(DeliveryEvent::RecallAcknowledged),
        an_intent().prop_map(|intent| DeliveryEvent::Sending { intent }),
        an_intent().prop_map(|intent| DeliveryEvent::NotSent { intent }),
        an_intent().prop_map(|intent| DeliveryEvent::AnswerLost { intent }),
        (an_intent(), prop::option::of(a_receipt()))
            .prop_map(|(intent, found)| DeliveryEvent::ReadBack { intent, found }),
        an_intent().prop_map(|intent| DeliveryEvent::HandedToOperator { intent }),
        (an_intent(), a_receipt()).prop_map(|(intent, receipt)| DeliveryEvent::Accepted { intent, receipt }),
        a_receipt().prop_map(|receipt| DeliveryEvent::WentLive { receipt, public_url: None }),
        Just(DeliveryEvent::Refused { words: "no".into() }),
        by.prop_map(|by| DeliveryEvent::RecallStarted { by }),
        Just(DeliveryEvent::RecallConfirmed),
    ]
}

proptest! {
    /// In any order of events: nothing leaves `Unknown` for another attempt but a read-back of that very call, nothing
    /// unwanted is sent, and nothing that the partner has is forgotten.
    #[test]
    fn no_order_of_events_sends_blindly(events in prop::collection::vec(any_event(), 1..60)) {
        let mut delivery = Delivery::new(1);
        for event in events {
            let before = delivery.clone();
            delivery.apply(event.clone());
            if let (Observed::Unknown { intent }, Observed::Planned | Observed::Sending { .. }) =
                (&before.observed, &delivery.observed)
            {
                prop_assert_eq!(&event, &DeliveryEvent::ReadBack { intent: *intent, found: None });
            }
            if before.desired == Desired::Gone && delivery.desired == Desired::Live {
                let wanted = matches!(event, DeliveryEvent::Wanted { .. });
                prop_assert!(wanted || before.then.is_some(), "{:?} brought back what was taken back", event);
            }
            if before.observed != delivery.observed && matches!(delivery.observed, Observed::Sending { .. }) {
                prop_assert_eq!(delivery.desired, Desired::Live);
                prop_assert_eq!(&before.observed, &Observed::Planned);
            }
            if before.observed.receipt().is_some() && delivery.observed.receipt().is_none() {
                // Only a new beginning forgets it: wanted or replaced after its end, or gone with a successor waiting.
                let begins = matches!(event, DeliveryEvent::Wanted { .. } | DeliveryEvent::Replace { .. });
                prop_assert!(begins || before.then.is_some(), "{:?} forgot the receipt", event);
                prop_assert_eq!(&delivery.observed, &Observed::Planned);
            }
            prop_assert!(delivery.run >= before.run);
        }
    }
}

#[test]
fn a_worker_has_something_to_do_unless_it_is_settled_or_waits_for_a_person_alone() {
    let needs = |events: &[DeliveryEvent]| after(events.to_vec()).needs_part();
    let handed = DeliveryEvent::HandedToOperator { intent: intent(1) };
    let started = |by| DeliveryEvent::RecallStarted { by };
    assert!(needs(&[]) && needs(&[sending()]) && needs(&[sending(), accepted()]));
    assert!(!needs(&[sending(), accepted(), live()]));
    assert!(!needs(std::slice::from_ref(&handed)), "a bag waits for the person who carries it");
    assert!(needs(&[handed.clone(), DeliveryEvent::Confirmed { intent: intent(1) }]));
    assert!(needs(&[handed.clone(), DeliveryEvent::Unwanted]), "a machine looks whether the person has proven it");
    assert!(needs(&[handed, DeliveryEvent::Unwanted, started(RecallBy::Operator)]));
    let recalling = [sending(), accepted(), live(), DeliveryEvent::Unwanted, started(RecallBy::System)];
    assert!(needs(&recalling) && !needs(&[&recalling[..], &[DeliveryEvent::RecallConfirmed]].concat()));
    assert!(!needs(&[DeliveryEvent::Unwanted]), "what never left needs no recall");
}
