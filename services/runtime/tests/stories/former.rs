//! A film that another one replaces: what the same transaction frees, and what is kept of it.
use pipeline::fingerprint::Fingerprint;
use pipeline::id::SubmissionId;
use pipeline::rejection::Rejection;
use pipeline::stage::Stage;
use pipeline::submission::{Event, Gate, Redo};
use runtime::outcome::Output;
use runtime::store::submissions::history::Actor;
use runtime::store::work::fingerprints::Seat;
use runtime::store::work::parts::{Claim, Commit};

use crate::fingerprints::{hex, words};
use crate::support::{World, probed, screened};

impl World {
    /// An entry with this film that waits for a reviewer, and so has its seat.
    async fn waiting(&self, file: u8, fingerprint: Fingerprint) -> SubmissionId {
        let id = self.entered(Gate::Manual).await;
        self.happens(id, Event::Uploaded).await;
        self.probe(file, fingerprint).await;
        self.screen(id).await;
        assert_eq!(self.state(id).await, "awaiting_review");
        id
    }

    async fn happens(&self, id: SubmissionId, event: Event) {
        assert!(self.store.apply(id, &event, Actor::Entrant).await.unwrap().changed, "{event:?}");
    }

    async fn claimed(&self, stage: Stage) -> Claim {
        self.store.claim(stage, "me").await.unwrap().expect("a part")
    }

    async fn probe(&self, file: u8, fingerprint: Fingerprint) {
        let claim = self.claimed(Stage::Probe).await;
        let Output::Probed { media_info, bytes, .. } = probed() else { unreachable!("the probe's output") };
        let output = Output::Probed { media_info, fingerprint, sha256: hex(file), bytes, preview: None };
        assert_eq!(self.store.finish(&claim, &output).await.unwrap(), Commit::Committed);
    }

    async fn screen(&self, id: SubmissionId) {
        let claim = self.claimed(Stage::Screen).await;
        assert_eq!(claim.submission, id);
        let newest: Seat = self.store.earlier_works(id).await.unwrap().newest;
        let Output::Screened { verdict, plan, .. } = screened() else { unreachable!("the screening's output") };
        let output = Output::Screened { verdict, plan, compared: Some(newest) };
        assert_eq!(self.store.finish(&claim, &output).await.unwrap(), Commit::Committed);
    }

    async fn execute(&self, statement: String) -> u64 {
        let done = sqlx::query(sqlx::AssertSqlSafe(statement)).execute(self.store.pool()).await.unwrap();
        done.rows_affected()
    }

    /// Earlier works with the same film, by file and by words.
    async fn before(&self, id: SubmissionId) -> (Option<SubmissionId>, Vec<SubmissionId>) {
        let standing = self.store.earlier_works(id).await.unwrap();
        (standing.same_file, standing.candidates.into_iter().map(|(id, _)| id).collect())
    }
}

#[tokio::test]
async fn a_replaced_film_frees_its_seat_for_the_twin_that_it_blocked() {
    let world = World::new().await;
    let first = world.waiting(1, words(1..9)).await;
    let twin = world.entered(Gate::Manual).await;
    world.happens(twin, Event::Uploaded).await;
    world.probe(1, words(1..9)).await;
    let claim = world.claimed(Stage::Screen).await;
    assert_eq!(world.store.reject(&claim, &Rejection::NoVideo).await.unwrap(), Commit::Committed);
    assert_eq!(world.before(twin).await, (Some(first), vec![first]));

    world.happens(first, Event::Replacing).await;
    assert_eq!(world.before(twin).await, (Some(first), vec![first]), "an announcement frees nothing");
    world.happens(first, Event::Replaced { run: 1 }).await;
    // The store's next statement sets the digest of the new film; here none is known.
    world.execute(format!("update submissions set mezzanine_sha256 = null where id = '{first}'")).await;
    assert_eq!(world.before(twin).await, (None, vec![]), "the seat is free, though nothing is probed yet");
    let row = world.store.submission(first).await.unwrap().unwrap();
    assert!(
        row.verdict.is_none() && row.media_info.is_none() && row.plan.is_none(),
        "nothing of the former film counts"
    );
    let former = world.store.former_films(first).await.unwrap();
    let [film] = &former[..] else { panic!("one film gave way: {former:?}") };
    assert_eq!((film.run, film.state.name(), film.sha256.as_deref()), (1, "awaiting_review", Some(&[1; 32][..])));
    assert!(film.verdict.is_some() && film.media_info.is_some());

    let again = Event::Reprocess { from: Stage::Screen, redo: Redo::default() };
    assert!(world.store.apply(twin, &again, Actor::Organiser).await.unwrap().changed);
    world.screen(twin).await;
    // The former film once more, too late: now it is the copy.
    world.probe(1, words(1..9)).await;
    assert_eq!(world.before(first).await, (Some(twin), vec![twin]));
    world.screen(first).await;
}

#[tokio::test]
async fn a_worker_on_the_former_film_is_fenced_off_and_the_new_run_waits_for_one() {
    let world = World::new().await;
    let id = world.uploaded().await;
    let late = world.claimed(Stage::Probe).await;
    world.happens(id, Event::Replacing).await;
    world.happens(id, Event::Replaced { run: 1 }).await;
    assert_eq!(world.store.finish(&late, &probed()).await.unwrap(), Commit::Fenced);
    assert_eq!(world.store.reject(&late, &Rejection::NoVideo).await.unwrap(), Commit::Fenced);
    let claim = world.claimed(Stage::Probe).await;
    assert_eq!((claim.submission, claim.run), (id, 2));
    // When it is reported again, nothing changes.
    let before = world.snapshot(id).await;
    for late in [Event::Replaced { run: 1 }, Event::Uploaded, Event::Replaced { run: 2 }] {
        assert!(!world.store.apply(id, &late, Actor::Entrant).await.unwrap().changed);
    }
    assert_eq!(world.snapshot(id).await, before);
}

#[tokio::test]
async fn no_reviewer_keeps_the_card_of_a_former_film() {
    let world = World::new().await;
    let id = world.waiting(1, words(1..9)).await;
    world
        .execute("insert into persons (id, name) values ('00000000-0000-0000-0000-000000000001', '李评审')".into())
        .await;
    let person = "'00000000-0000-0000-0000-000000000001'";
    let claim = format!("values ('{id}', {person}, now() + interval '10 minutes')");
    world.execute(format!("insert into review_claims (submission, person, until) {claim}")).await;
    world.execute(format!("insert into review_later (submission, person, at) values ('{id}', {person}, now())")).await;
    world.happens(id, Event::Replacing).await;
    world.happens(id, Event::Replaced { run: 1 }).await;
    for table in ["review_claims", "review_later"] {
        assert_eq!(world.execute(format!("delete from {table}")).await, 0, "{table}");
    }
    world.probe(2, words(20..29)).await;
    world.screen(id).await;
}
