//! Works that are entered twice: which comes first, what a search finds, and how long its data is kept.
use pipeline::delivery::{DeliveryEvent, IntentId, Receipt};
use pipeline::fingerprint::{Fingerprint, Likeness, Match};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::media_info::MediaInfo;
use pipeline::screening::{ContestRules, DuplicateRule, Twin, screen_among};
use pipeline::stage::Stage;
use pipeline::submission::{Event, Redo};
use runtime::outcome::Output;
use runtime::store::submissions::history::Actor;
use runtime::store::work::fingerprints::Seat;
use runtime::store::work::outcomes::Overtaken;
use runtime::store::work::parts::{Claim, Commit};

use crate::support::{World, probed, screened, whole_line};

/// A fingerprint with these words, and searched with them.
pub(crate) fn words(words: impl IntoIterator<Item = u32>) -> Fingerprint {
    let tokens: Vec<u32> = words.into_iter().collect();
    Fingerprint { probes: tokens.clone(), tokens, picture: vec![[7; 5]; 4], sound: vec![1, 2, 3] }
}

impl World {
    /// An entry that was probed: its file is `file`, byte for byte.
    async fn probed_as(&self, file: u8, fingerprint: Fingerprint) -> SubmissionId {
        let id = self.uploaded().await;
        let claim = self.store.claim(Stage::Probe, "me").await.unwrap().expect("a probe");
        let Output::Probed { media_info, bytes, .. } = probed() else { unreachable!("the probe's output") };
        let output = Output::Probed { media_info, fingerprint, sha256: hex(file), bytes, preview: None };
        assert_eq!(self.store.finish(&claim, &output).await.unwrap(), Commit::Committed);
        id
    }

    /// Accepts the one entry that waits to be screened.
    async fn let_in(&self, id: SubmissionId) {
        let (claim, newest) = self.screening(id).await;
        assert_eq!(self.store.finish(&claim, &passed(newest)).await.unwrap(), Commit::Committed);
    }

    /// Claims an entry's screening and searches, as its worker does first.
    async fn screening(&self, id: SubmissionId) -> (Claim, Seat) {
        let claim = self.store.claim(Stage::Screen, "me").await.unwrap().expect("something to screen");
        assert_eq!(claim.submission, id);
        (claim, self.store.earlier_works(id).await.unwrap().newest)
    }

    async fn found(&self, id: SubmissionId) -> Vec<SubmissionId> {
        self.store.earlier_works(id).await.unwrap().candidates.into_iter().map(|(id, _)| id).collect()
    }
}

pub(crate) fn hex(file: u8) -> String {
    format!("{file:02x}").repeat(32)
}

fn passed(newest: Seat) -> Output {
    let Output::Screened { verdict, plan, .. } = screened() else { unreachable!("the screening's output") };
    Output::Screened { verdict, plan, compared: Some(newest) }
}

#[tokio::test]
async fn of_two_copies_screened_together_one_is_accepted_and_one_compares_again() {
    let world = World::new().await;
    for (file, fingerprint) in [(1, Fingerprint::default()), (2, words(10..20))] {
        let first = world.probed_as(file, fingerprint.clone()).await;
        let (first_claim, first_newest) = world.screening(first).await;
        // The same file without a word in common, and words in common without the same file.
        let other_file = if file == 1 { 1 } else { 3 };
        let second = world.probed_as(other_file, fingerprint).await;
        let (second_claim, second_newest) = world.screening(second).await;
        let (a, b) = (passed(first_newest), passed(second_newest));
        let (a, b) = tokio::join!(world.store.finish(&first_claim, &a), world.store.finish(&second_claim, &b));
        let (let_in, other, late) =
            if a.is_ok() { (first, second, second_claim) } else { (second, first, first_claim) };
        let overtaken = [a, b].into_iter().filter_map(Result::err).collect::<Vec<_>>();
        assert_eq!(overtaken.len(), 1, "exactly one of them");
        assert!(overtaken[0].is::<Overtaken>());
        assert_eq!((world.state(let_in).await.as_str(), world.state(other).await.as_str()), ("transcode", "screen"));
        assert_eq!(world.store.hand_back(&late).await.unwrap(), Commit::Committed);
        let standing = world.store.earlier_works(other).await.unwrap();
        assert_eq!(standing.same_file, (file == 1).then_some(let_in));
        assert_eq!(standing.candidates.len(), usize::from(file == 2));
        let claim = world.store.claim(Stage::Screen, "me").await.unwrap().unwrap();
        assert_eq!(world.store.finish(&claim, &passed(standing.newest)).await.unwrap(), Commit::Committed);
    }
}

#[tokio::test]
async fn what_was_refused_or_taken_back_blocks_no_other_work() {
    let world = World::new().await;
    let refused = world.probed_as(1, words(1..9)).await;
    world.let_in(refused).await;
    let copy = world.probed_as(1, words(1..9)).await;
    assert_eq!(world.store.earlier_works(copy).await.unwrap().same_file, Some(refused));
    assert_eq!(world.found(copy).await, [refused]);
    let reason = pipeline::rejection::Rejection::Undecodable;
    let event = Event::Rejected { run: 1, stage: Stage::Transcode, part: None, reason };
    assert!(world.store.apply(refused, &event, Actor::Operator).await.unwrap().changed);
    assert_eq!(world.store.earlier_works(copy).await.unwrap().same_file, None);
    assert!(world.found(copy).await.is_empty());
    world.let_in(copy).await;
    // The refused one is screened again: now it is the copy.
    let again = Event::Reprocess { from: Stage::Screen, redo: Redo::default() };
    assert!(world.store.apply(refused, &again, Actor::Operator).await.unwrap().changed);
    assert_eq!(world.found(refused).await, [copy]);
    // Everything about a work that the entrant withdraws is deleted.
    assert!(world.store.apply(copy, &Event::Withdrawn, Actor::Entrant).await.unwrap().changed);
    let standing = world.store.earlier_works(refused).await.unwrap();
    assert_eq!((standing.same_file, standing.candidates.len()), (None, 0));
    assert_eq!(world.store.earlier_works(copy).await.unwrap().own, Fingerprint::default());
}

#[tokio::test]
async fn a_work_that_is_live_keeps_its_place_though_a_later_run_of_it_is_refused() {
    let world = World::new().await;
    let live = world.probed_as(1, words(1..9)).await;
    world.let_in(live).await;
    let process = world.process(whole_line(&world.store)).await;
    world.reaches(live, "published").await;
    process.stop().await;
    let note = async |partner: &PartnerId, event: DeliveryEvent| {
        world.store.delivery_note(live, partner, &event, Actor::Operator).await.unwrap();
    };
    let deliveries = world.store.deliveries(live).await.unwrap();
    let partners = [&deliveries[0].partner, &deliveries[1].partner];
    for partner in partners {
        note(partner, DeliveryEvent::Sending { intent: IntentId(live.0) }).await;
        note(partner, DeliveryEvent::WentLive { receipt: Receipt("BV1".into()), public_url: None }).await;
    }
    // The others do not accept it.
    let gone = || DeliveryEvent::Refused { words: "已下架".into() };
    for delivery in &deliveries[2..] {
        note(&delivery.partner, gone()).await;
    }
    let redo = async |from| {
        let again = Event::Reprocess { from, redo: Redo::default() };
        assert!(world.store.apply(live, &again, Actor::Operator).await.unwrap().changed);
    };
    let refuse = async |run, stage| {
        let reason = pipeline::rejection::Rejection::Undecodable;
        let event = Event::Rejected { run, stage, part: None, reason };
        assert!(world.store.apply(live, &event, Actor::Operator).await.unwrap().changed);
        assert_eq!(world.state(live).await, "rejected");
    };
    redo(Stage::Transcode).await;
    refuse(2, Stage::Transcode).await;
    redo(Stage::Screen).await;
    let standing = |id| world.store.earlier_works(id);
    assert!(standing(live).await.unwrap().candidates.is_empty());
    refuse(3, Stage::Screen).await;
    let copy = world.probed_as(1, words(1..9)).await;
    assert_eq!(standing(copy).await.unwrap().same_file, Some(live), "partners show it still");
    assert_eq!(world.found(copy).await, [live]);
    // Once the last partner no longer has it, it blocks no other work.
    note(partners[0], gone()).await;
    assert_eq!(standing(copy).await.unwrap().same_file, Some(live));
    note(partners[1], gone()).await;
    assert_eq!(standing(copy).await.unwrap().same_file, None);
}

#[tokio::test]
async fn a_film_that_was_entered_over_and_over_is_still_found() {
    let world = World::new().await;
    let card = 4_000_000_000;
    for number in 0..70 {
        let id = world.probed_as(number, words((1..9).chain([card]))).await;
        world.let_in(id).await;
    }
    let copy = world.probed_as(100, words((1..9).chain([50, 51]))).await;
    assert_eq!(world.found(copy).await.len(), 32, "as many as are ever compared");
    let other = world.probed_as(101, words((100..108).chain([card]))).await;
    assert!(world.found(other).await.is_empty(), "a card that all of them show is not the work");
}

#[tokio::test]
async fn a_new_run_keeps_the_place_that_a_work_has() {
    let world = World::new().await;
    let first = world.probed_as(1, words(1..9)).await;
    world.let_in(first).await;
    let second = world.probed_as(2, words(5..15)).await;
    assert_eq!(world.found(second).await, [first]);
    world.let_in(second).await;
    let again = Event::Reprocess { from: Stage::Screen, redo: Redo::default() };
    assert!(world.store.apply(first, &again, Actor::Operator).await.unwrap().changed);
    assert!(world.found(first).await.is_empty(), "who was first is no copy of who came second");
    world.let_in(first).await;
}

#[tokio::test]
async fn words_in_every_work_find_nothing_and_most_words_in_common_come_first() {
    let world = World::new().await;
    let common = 4_000_000_000;
    for number in 0..70 {
        let id = world.probed_as(number, words([common, 1000 + u32::from(number)])).await;
        world.let_in(id).await;
    }
    let near = world.probed_as(100, words([1, 2, common])).await;
    world.let_in(near).await;
    let nearer = world.probed_as(101, words([1, 2, 3, common])).await;
    world.let_in(nearer).await;
    let work = world.probed_as(102, words([1, 2, 3, 4, common, 1069])).await;
    let found = world.found(work).await;
    assert_eq!(found[..2], [nearer, near]);
    assert_eq!(found.len(), 3, "and the one that shares a rare word");
}

#[tokio::test]
async fn a_word_that_many_works_have_is_indexed_no_further_and_makes_no_screening_start_over() {
    let world = World::new().await;
    let common = 4_000_000_000;
    for number in 0..70 {
        let id = world.probed_as(number, words([common, 1000 + u32::from(number)])).await;
        world.let_in(id).await;
    }
    let indexed = "select count(*) from fingerprint_words where words @> array[$1 # contest_salt($2)]";
    let indexed = async |contest: &str| -> i64 {
        let query = sqlx::query_scalar(indexed).bind(common.cast_signed()).bind(contest);
        query.fetch_one(world.store.pool()).await.unwrap()
    };
    assert_eq!(
        (indexed("demo").await, indexed("small").await),
        (65, 0),
        "one more than tells them apart, and in its contest"
    );
    let first = world.probed_as(100, words([1, 2, common])).await;
    let (first_claim, first_newest) = world.screening(first).await;
    let second = world.probed_as(101, words([3, 4, common])).await;
    let (second_claim, second_newest) = world.screening(second).await;
    for (claim, newest) in [(first_claim, first_newest), (second_claim, second_newest)] {
        assert_eq!(world.store.finish(&claim, &passed(newest)).await.unwrap(), Commit::Committed);
    }
    assert_eq!(indexed("demo").await, 65);
}

#[tokio::test]
async fn a_published_work_is_found_and_finds_others_without_its_probes() {
    let world = World::new().await;
    let first = world.probed_as(1, words(1..9)).await;
    world.let_in(first).await;
    let second = world.probed_as(2, words(5..15)).await;
    world.let_in(second).await;
    let process = world.process(whole_line(&world.store)).await;
    world.reaches(first, "published").await;
    world.reaches(second, "published").await;
    process.stop().await;
    let probes = "select sum(cardinality(probes)) from fingerprints";
    assert_eq!(sqlx::query_scalar::<_, i64>(probes).fetch_one(world.store.pool()).await.unwrap(), 0);
    let again = Event::Reprocess { from: Stage::Screen, redo: Redo::default() };
    assert!(world.store.apply(second, &again, Actor::Operator).await.unwrap().changed);
    assert_eq!(world.found(second).await, [first]);
    world.let_in(second).await;
    let copy = world.probed_as(3, words(1..10)).await;
    assert_eq!(world.found(copy).await, [first, second], "most words in common first");
}

#[tokio::test]
async fn a_similar_work_waits_for_a_person_even_with_open_gates() {
    let world = World::new().await;
    let first = world.probed_as(1, words(1..9)).await;
    world.let_in(first).await;
    let second = world.probed_as(2, words(1..9)).await;
    let (claim, newest) = world.screening(second).await;
    let info: MediaInfo = world.store.submission(second).await.unwrap().unwrap().media_info.unwrap();
    let picture = Some(Match { covered_percent: 90, agreement_percent: 95, ranges: Vec::new() });
    let twin = Twin { submission: first, same_file: false, likeness: Likeness { picture, sound: None } };
    let duplicate = Some(DuplicateRule { picture_percent: 25, sound_percent: 50 });
    let verdict = screen_among(&info, vec![twin], &ContestRules { duplicate, ..ContestRules::default() });
    let Output::Screened { plan, .. } = screened() else { unreachable!("the screening's output") };
    let output = Output::Screened { verdict, plan, compared: Some(newest) };
    assert_eq!(world.store.finish(&claim, &output).await.unwrap(), Commit::Committed);
    assert_eq!(world.state(second).await, "awaiting_review");
    let verdict = world.store.submission(second).await.unwrap().unwrap().verdict.unwrap();
    assert_eq!(verdict.rules[0].others[0].submission, first);
    assert!(world.store.apply(second, &Event::ReviewAccepted, Actor::Screener).await.unwrap().changed);
    assert_eq!(world.state(second).await, "transcode");
}
