//! The checker finds each kind of broken promise, and nothing else.
use super::*;

/// An entry that went all the way, and its work in the final state.
fn happy() -> (Record, FinalState) {
    let (id, upload) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let live = |partner: &str| Ack::Live(partner.to_owned());
    let mut acks = vec![
        Ack::Entered(id),
        Ack::Offset { upload, bytes: 10 },
        Ack::Offset { upload, bytes: 20 },
        Ack::Uploaded { upload, bytes: 20, sha256: "ab".into() },
        Ack::Verdict { passes: true },
        Ack::Act("review_accepted"),
        Ack::Act("released"),
    ];
    acks.extend(PARTNERS.map(live));
    let work = Work {
        id,
        title: "one".into(),
        state: "published".into(),
        passes: Some(true),
        uploads: [(upload, 20)].into(),
        film: Some((upload, "ab".into())),
        acts: [("review_accepted".into(), 1), ("released".into(), 1)].into(),
        deliveries: PARTNERS.map(|partner| (partner.to_owned(), "live".to_owned())).into(),
        at_partner: PARTNERS.map(|partner| (partner.to_owned(), 1)).into(),
    };
    let entry = Entry { title: "one".into(), fate: Fate::Live, acks, gave_up: None };
    let announced = [(id, DROP.to_owned())].into();
    (Record { entries: vec![entry], announced }, FinalState { works: vec![work], ..FinalState::default() })
}

/// The findings after this change to the final state: numbers of lost, doubled and stuck.
fn found(change: impl FnOnce(&mut Record, &mut FinalState)) -> [usize; 3] {
    let (mut record, mut end) = happy();
    change(&mut record, &mut end);
    let findings = compare(&record, &end);
    [findings.lost.len(), findings.doubled.len(), findings.stuck.len()]
}

#[test]
fn an_end_that_keeps_every_promise_is_not_complained_about() {
    let (record, end) = happy();
    assert_eq!(compare(&record, &end), Findings::default());
}

#[test]
fn whatever_was_acknowledged_and_is_gone_is_found() {
    let upload = Uuid::from_u128(2);
    assert_eq!(found(|_, end| end.works.clear()), [2, 0, 0], "the work, and its announcement");
    assert_eq!(found(|_, end| *end.works[0].uploads.get_mut(&upload).unwrap() = 19), [2, 0, 0]);
    assert_eq!(found(|_, end| end.works[0].film = None), [1, 0, 0]);
    assert_eq!(found(|_, end| end.works[0].film = Some((upload, "cd".into()))), [1, 0, 0]);
    assert_eq!(found(|_, end| end.works[0].passes = Some(false)), [1, 0, 0]);
    assert_eq!(found(|_, end| _ = end.works[0].acts.remove("released")), [1, 0, 0]);
    // It has not reached its final state either.
    assert_eq!(found(|_, end| *end.works[0].at_partner.get_mut(DOUYIN).unwrap() = 0), [1, 0, 1]);
    let planned = |end: &mut FinalState| drop(end.works[0].deliveries.insert(BAG.into(), "planned".into()));
    assert_eq!(found(|_, end| planned(end)), [1, 0, 1]);
    let other = (Uuid::from_u128(1), "another".to_owned());
    assert_eq!(found(|record, _| _ = record.announced.insert(other)), [1, 0, 0]);
    let back = Ack::Offset { upload, bytes: 5 };
    assert_eq!(found(|record, _| record.entries[0].acks.insert(3, back)), [1, 0, 0]);
    let gone = Ack::Gone(DOUYIN.into());
    assert_eq!(found(|record, _| record.entries[0].acks.push(gone)), [1, 0, 0]);
}

#[test]
fn whatever_happened_twice_is_found() {
    assert_eq!(found(|_, end| *end.works[0].at_partner.get_mut(DROP).unwrap() = 2), [0, 1, 0]);
    assert_eq!(found(|_, end| *end.works[0].acts.get_mut("released").unwrap() = 2), [0, 1, 0]);
    assert_eq!(found(|_, end| end.done_twice.push("assemble web-180".into())), [0, 1, 0]);
    let twin = |end: &FinalState| Work { id: Uuid::from_u128(9), ..end.works[0].clone() };
    assert_eq!(found(|_, end| end.works.push(twin(end))), [0, 1, 0], "two submissions of one form");
    let again = |record: &Record| Entry { title: "two".into(), ..record.entries[0].clone() };
    assert_eq!(found(|record, _| record.entries.push(again(record))), [0, 1, 0], "one id for two forms");
}

#[test]
fn whatever_does_not_come_to_its_end_is_found() {
    assert_eq!(found(|_, end| end.works[0].state = "transcode".into()), [0, 0, 1]);
    assert_eq!(found(|_, end| end.open.push("transcode segment/0 parked".into())), [0, 0, 1]);
    assert_eq!(found(|record, _| record.entries[0].gave_up = Some("no answer".into())), [0, 0, 1]);
    assert_eq!(found(|record, _| record.entries[0].fate = Fate::Refused), [0, 0, 1]);
    assert_eq!(found(|record, _| record.entries[0].fate = Fate::Recalled), [0, 0, 1], "it is still at the drop");
    let silent = |record: &mut Record| {
        record.entries[0].acks.clear();
        record.announced.clear();
    };
    assert_eq!(found(|record, _| silent(record)), [0, 0, 1], "a form that was never accepted");
    let recalled = |record: &mut Record, end: &mut FinalState| {
        record.entries[0].fate = Fate::Recalled;
        record.entries[0].acks.extend([Ack::Act("recall_ordered"), Ack::Gone(DROP.into())]);
        end.works[0].acts.insert("recall_ordered".into(), 1);
        end.works[0].deliveries.insert(DROP.into(), "recalled".into());
        end.works[0].at_partner.insert(DROP.into(), 0);
    };
    assert_eq!(found(recalled), [0, 0, 0], "and this is its right end");
}
