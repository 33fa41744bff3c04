//! Recalls and replacements.
use super::*;

#[test]
fn files_that_never_counted_are_taken_back_all_the_same() {
    let begun = after(vec![DeliveryEvent::Preparing]);
    for gone in [
        after(vec![DeliveryEvent::Preparing, DeliveryEvent::Unwanted]),
        after(vec![
            DeliveryEvent::Preparing,
            sending(),
            DeliveryEvent::Unwanted,
            DeliveryEvent::NotSent { intent: intent(1) },
        ]),
    ] {
        assert_eq!((gone.observed.name(), gone.is_settled()), ("recalling", false), "{gone:?}");
    }
    let mut gone = after(vec![DeliveryEvent::Preparing, DeliveryEvent::Unwanted, DeliveryEvent::RecallConfirmed]);
    assert_eq!(gone.observed, Observed::Recalled { receipt: None });
    assert!(gone.apply(DeliveryEvent::Wanted { run: 1 }) && !gone.begun);
    // A later run's package waits until the files of this one are gone; the same run's continues.
    let mut same = begun.clone();
    assert!(!same.apply(DeliveryEvent::Wanted { run: 1 }));
    for newer in [DeliveryEvent::Wanted { run: 2 }, DeliveryEvent::Replace { run: 2 }] {
        let mut delivery = begun.clone();
        assert!(delivery.apply(newer));
        assert_eq!((delivery.observed.name(), delivery.run), ("recalling", 1));
        assert!(delivery.apply(DeliveryEvent::RecallConfirmed));
        assert_eq!(delivery, Delivery::new(2));
    }
}

#[test]
fn a_live_work_is_recalled_with_its_receipt() {
    let by = RecallBy::System;
    let mut delivery = after(vec![sending(), accepted(), live(), DeliveryEvent::Unwanted]);
    assert!(!delivery.is_settled());
    assert!(delivery.apply(DeliveryEvent::RecallStarted { by }));
    assert!(!delivery.apply(live()), "a late webhook does not bring it back");
    assert!(delivery.apply(DeliveryEvent::RecallStarted { by: RecallBy::Operator }), "no API for it: a person");
    assert!(delivery.apply(DeliveryEvent::RecallConfirmed));
    assert_eq!(delivery.observed, Observed::Recalled { receipt: Some(receipt("BV1")) });
    assert!(delivery.is_settled());
}

#[test]
fn nothing_is_recalled_that_is_wanted() {
    let mut delivery = after(vec![sending(), accepted(), live()]);
    assert!(!delivery.apply(DeliveryEvent::RecallStarted { by: RecallBy::System }));
    assert!(!delivery.apply(DeliveryEvent::RecallConfirmed));
}

#[test]
fn a_replacement_is_sent_once_the_old_one_is_gone() {
    let mut delivery = after(vec![sending(), accepted(), live(), DeliveryEvent::Replace { run: 2 }]);
    assert!(!delivery.is_settled());
    assert!(!delivery.apply(DeliveryEvent::Sending { intent: intent(2) }), "two at once");
    assert!(delivery.apply(DeliveryEvent::RecallStarted { by: RecallBy::System }));
    assert!(delivery.apply(DeliveryEvent::RecallConfirmed));
    assert_eq!(delivery, Delivery::new(2));
}

#[test]
fn what_was_recalled_is_not_replaced_but_may_be_released_again() {
    let by = RecallBy::System;
    let gone = [sending(), accepted(), DeliveryEvent::Unwanted, DeliveryEvent::RecallStarted { by }];
    let mut delivery = after(gone.to_vec());
    assert!(!delivery.apply(DeliveryEvent::Replace { run: 2 }));
    assert!(delivery.apply(DeliveryEvent::Wanted { run: 1 }), "released again while it is being taken back");
    assert!(delivery.apply(DeliveryEvent::RecallConfirmed));
    assert_eq!(delivery, Delivery::new(1));
    let mut delivery = after(gone.to_vec());
    delivery.apply(DeliveryEvent::RecallConfirmed);
    assert!(!delivery.apply(DeliveryEvent::Replace { run: 2 }));
    assert_eq!(delivery.observed.name(), "recalled");
}

#[test]
fn an_acknowledged_recall_is_not_over() {
    let by = RecallBy::System;
    let mut delivery = after(vec![sending(), accepted(), DeliveryEvent::Unwanted, DeliveryEvent::RecallStarted { by }]);
    assert!(delivery.apply(DeliveryEvent::RecallAcknowledged));
    assert_eq!((delivery.observed.name(), delivery.is_settled()), ("recalling", false));
    assert!(delivery.apply(DeliveryEvent::RecallConfirmed));
}

#[test]
fn a_release_time_survives_one_recall_and_a_new_run_but_not_the_next_recall() {
    let at = DateTime::from_timestamp(1_900_000_000, 0).unwrap();
    let timed = DeliveryEvent::NotBefore { at };
    let recall = [sending(), accepted(), live(), DeliveryEvent::Unwanted];
    let wanted = DeliveryEvent::Wanted { run: 1 };
    let mut again = after([&recall[..], &[wanted, timed.clone()]].concat());
    assert_eq!((again.then, again.not_before), (Some(1), Some(at)));
    assert!(again.apply(DeliveryEvent::RecallStarted { by: RecallBy::System }));
    assert!(again.apply(DeliveryEvent::RecallConfirmed));
    assert_eq!(again, Delivery { not_before: Some(at), ..Delivery::new(1) });
    assert!(again.apply(DeliveryEvent::Wanted { run: 2 }) && again.not_before == Some(at) && again.run == 2);
    assert!(again.apply(DeliveryEvent::Unwanted) && again.not_before.is_none());
    assert!(again.apply(DeliveryEvent::Wanted { run: 2 }));
    assert_eq!(again, Delivery::new(2));
    assert!(!after(recall.to_vec()).apply(timed.clone()), "nothing comes after it that could wait");
    assert!(!after(recall[..3].to_vec()).apply(timed), "what is live is sent already");
}

#[test]
fn the_names_of_a_recall_are_those_that_are_stored() {
    let stored = |value: serde_json::Result<serde_json::Value>| value.unwrap().as_str().unwrap().to_owned();
    let by = [RecallBy::System, RecallBy::Operator].map(|it| stored(serde_json::to_value(it)));
    assert_eq!(by, RecallBy::NAMES);
    let steps = [RecallStep::Requested, RecallStep::Acknowledged].map(|it| stored(serde_json::to_value(it)));
    assert_eq!(steps, RecallStep::NAMES);
}
