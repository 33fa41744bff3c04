//! One work, three partners that remember what they hold, and workers that bring deliveries about a step at a time, as the publish
//! service's driver does. Everything goes through the store's own functions.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pipeline::delivery::{Delivery, DeliveryEvent, Desired, IntentId, Observed, RecallBy, Receipt};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::Part;
use pipeline::stage::Stage;
use pipeline::submission::{Event, Gate, Gates, Redo, State, Submission, Work};
use runtime::outcome::{Output, StoredFile, StoredRendition};
use runtime::store::history::Actor;
use runtime::store::parts::{Claim, Commit};
use runtime::store::proofs::{NewProof, Shows};
use runtime::store::recalls::RecallTerms;
use runtime::store::submissions::{self, Applied, NewSubmission};
use serde_json::json;
use uuid::Uuid;

use crate::support::World;

/// How a work gets to a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// One call, and one to take it back.
    Api,
    /// Files are brought there first, and can be seen before the call that counts.
    Files,
    /// A person carries a bag.
    ByHand,
}

/// The partners of every work.
pub(super) const PARTNERS: [(&str, Way); 3] = [("api", Way::Api), ("files", Way::Files), ("hand", Way::ByHand)];

/// What a partner really has.
#[derive(Debug, Default)]
pub(super) struct Holds {
    /// Runs whose film can be seen there.
    pub(super) online: BTreeSet<u32>,
    /// Whether files lie there that do not count.
    pub(super) files: bool,
}

/// What a worker does next; each is one step.
#[derive(Clone, Copy, Debug)]
enum Next {
    Look,
    Prepare,
    Begin,
    Submit(IntentId),
    Answer(IntentId),
    SayGone,
}

/// A worker that believes it holds a part.
pub(super) struct Worker {
    pub(super) claim: Claim,
    seen: Option<Delivery>,
    next: Next,
}

/// How a step went.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stepped {
    /// There is more to do.
    On,
    /// The part is over for this worker.
    Over,
}

/// The work and its surroundings.
pub(super) struct House<'a> {
    pub(super) world: &'a World,
    pub(super) id: SubmissionId,
    pub(super) holds: BTreeMap<PartnerId, Holds>,
}

impl<'a> House<'a> {
    /// A work that waits for its release.
    pub(super) async fn new(world: &'a World) -> Self {
        let id = SubmissionId(Uuid::now_v7());
        let partners: BTreeSet<PartnerId> = PARTNERS.iter().map(|(name, _)| PartnerId::new(*name)).collect();
        let holds = partners.iter().map(|partner| (partner.clone(), Holds::default())).collect();
        let work = Work { audio: true, renditions: ["web-720".into()].into(), partners, ..Work::default() };
        let gates = Gates { review: Gate::Automatic, release: Gate::Automatic };
        let machine = Submission { state: State::AwaitingRelease, work, ..Submission::new(gates) };
        let new = &NewSubmission {
            id,
            contest: "demo".into(),
            machine,
            title: "钢铁是怎样炼成的".into(),
            theme: "高端升级".into(),
            synopsis: "一分钟".into(),
            recommending_unit: "协会".into(),
            declarations: json!({}),
            token_sha256: vec![0; 32],
        };
        world.store.transaction("enter", |tx, _| Box::pin(submissions::create(tx, new))).await.unwrap();
        Self { world, id, holds }
    }

    // ── people ──

    pub(super) async fn release(&self, partners: Option<&[&str]>) -> Applied {
        let partners = partners.map(named);
        self.world.store.release(self.id, partners.as_ref(), None, Actor::Organiser).await.unwrap()
    }

    pub(super) async fn recall(&self, partners: Option<&[&str]>) -> Applied {
        let partners = partners.map(named);
        let terms = RecallTerms::default();
        self.world.store.recall(self.id, partners.as_ref(), &terms, Actor::Organiser).await.unwrap()
    }

    pub(super) async fn withdraw(&self) -> Applied {
        self.world.store.apply(self.id, &Event::Withdrawn, Actor::Entrant).await.unwrap()
    }

    pub(super) async fn reprocess(&self, from: Stage, redo: Redo) -> Applied {
        self.world.store.apply(self.id, &Event::Reprocess { from, redo }, Actor::Organiser).await.unwrap()
    }

    /// An operator brings the bag there and says so. Only while the bag waits.
    pub(super) async fn deliver_by_hand(&mut self, partner: &PartnerId) {
        let Observed::AwaitingOperator { .. } = self.delivery(partner).await.observed else { return };
        let receipt = Receipt("BV1".into());
        let proof = self.proof(partner, Shows::Live, Some("https://partner.example/1".into()));
        self.world.store.add_proof(&proof, Some(&receipt), Actor::Operator).await.unwrap();
        let run = self.delivery(partner).await.run;
        self.hold(partner).online.insert(run);
    }

    /// An operator takes it back at the partner and proves it. Only while that is asked for.
    pub(super) async fn take_back_by_hand(&mut self, partner: &PartnerId) {
        let Observed::Recalling { by: RecallBy::Operator, .. } = self.delivery(partner).await.observed else { return };
        *self.hold(partner) = Holds::default();
        let proof = self.proof(partner, Shows::Gone, None);
        self.world.store.add_proof(&proof, None, Actor::Operator).await.unwrap();
    }

    fn proof(&self, partner: &PartnerId, shows: Shows, public_url: Option<String>) -> NewProof {
        NewProof {
            id: Uuid::now_v7(),
            submission: self.id,
            partner: partner.clone(),
            shows,
            seen_at: runtime::clock::Clock::default().now(),
            public_url,
            words: None,
            file: None,
            insists: true,
        }
    }

    // ── what is ──

    pub(super) async fn delivery(&self, partner: &PartnerId) -> Delivery {
        self.try_delivery(partner).await.expect("a delivery")
    }

    pub(super) async fn try_delivery(&self, partner: &PartnerId) -> Option<Delivery> {
        self.world.store.delivery(self.id, partner).await.unwrap().map(|row| row.machine)
    }

    pub(super) fn hold(&mut self, partner: &PartnerId) -> &mut Holds {
        self.holds.entry(partner.clone()).or_default()
    }

    /// Statuses of a partner's open parts.
    pub(super) async fn open_parts(&self, partner: &str) -> Vec<String> {
        let name = Part::Partner(partner.into()).to_string();
        let parts = self.world.store.parts(self.id).await.unwrap().into_iter();
        let open = parts.filter(|it| it.part == name && !matches!(it.status.as_str(), "done" | "cancelled"));
        open.map(|part| part.status).collect()
    }

    /// Fails where something wanted has no open part, or one too many is open.
    pub(super) async fn nothing_is_stuck(&self, after: &str) {
        let stuck = self.world.store.stuck(&[self.id.0]).await.unwrap();
        assert_eq!(stuck, [], "after {after}");
    }

    // ── machines ──

    pub(super) async fn claim(&self, stage: Stage) -> Option<Worker> {
        let claim = self.world.store.claim(stage, "a worker").await.unwrap()?;
        assert_eq!(claim.submission, self.id, "works before have nothing left to do");
        Some(Worker { claim, seen: None, next: Next::Look })
    }

    /// The worker of this partner, which must be the only one pending.
    pub(super) async fn claim_of(&self, partner: &str) -> Worker {
        let worker = self.claim(Stage::Publish).await.expect("a pending part");
        assert_eq!(worker.claim.part, Part::Partner(partner.into()));
        worker
    }

    /// Hours pass: every wait is over.
    pub(super) async fn time_passes(&self) {
        let due = "update parts set not_before = clock_timestamp() where submission = $1 and status = 'waiting'";
        sqlx::query(due).bind(self.id.0).execute(self.world.store.pool()).await.unwrap();
        self.world.store.wake_due().await.unwrap();
    }

    /// Claims of this submission end for want of a renewal; of one part, or of all.
    pub(super) async fn leases_expire(&self, claim: Option<&Claim>) {
        let ended = "update parts set lease_until = clock_timestamp() - interval '1 second'
            where submission = $1 and status = 'claimed' and ($2::bigint is null or fence = $2)";
        let ended = sqlx::query(ended).bind(self.id.0).bind(claim.map(|claim| claim.fence.0));
        ended.execute(self.world.store.pool()).await.unwrap();
        self.world.store.expire_leases().await.unwrap();
    }

    /// Drives a worker until its part is over.
    pub(super) async fn drive(&mut self, mut worker: Worker) {
        for _ in 0..40 {
            if self.step(&mut worker).await == Stepped::Over {
                return;
            }
        }
        panic!("the worker of {} goes round in circles: {:?}", worker.claim.part, worker.seen);
    }

    /// Drives a worker until what it takes back is gone, and no further.
    pub(super) async fn drive_back(&mut self, mut worker: Worker) {
        let Part::Partner(partner) = worker.claim.part.clone() else { panic!("no partner's worker") };
        while self.delivery(&partner).await.desired == Desired::Gone {
            assert_eq!(self.step(&mut worker).await, Stepped::On);
        }
    }

    /// One step of a worker. It trusts its claim and the store alone: like the driver, but without the driver's second looks.
    pub(super) async fn step(&mut self, worker: &mut Worker) -> Stepped {
        let Part::Partner(partner) = worker.claim.part.clone() else { return self.make(worker).await };
        match worker.next {
            Next::Look => self.look(worker, &partner).await,
            Next::Prepare => {
                if self.note(worker, DeliveryEvent::Preparing).await == Stepped::Over || !self.is_held(worker).await {
                    return Stepped::Over;
                }
                self.hold(&partner).files = true;
                worker.next = Next::Begin;
                Stepped::On
            }
            Next::Begin => {
                let intent = IntentId(Uuid::now_v7());
                worker.next = Next::Submit(intent);
                self.note(worker, DeliveryEvent::Sending { intent }).await
            }
            Next::Submit(intent) => {
                if !self.is_held(worker).await {
                    return Stepped::Over;
                }
                let run = worker.seen.as_ref().expect("it looked before").run;
                let holds = self.hold(&partner);
                assert!(holds.online.is_empty(), "{partner} has {holds:?} and is sent run {run}");
                holds.online.insert(run);
                holds.files = false;
                worker.next = Next::Answer(intent);
                Stepped::On
            }
            Next::Answer(intent) => {
                worker.next = Next::Look;
                self.note(worker, DeliveryEvent::Accepted { intent, receipt: Receipt("BV1".into()) }).await
            }
            Next::SayGone => {
                worker.next = Next::Look;
                self.note(worker, DeliveryEvent::RecallConfirmed).await
            }
        }
    }

    async fn look(&mut self, worker: &mut Worker, partner: &PartnerId) -> Stepped {
        let row = self.world.store.delivery(self.id, partner).await.unwrap().expect("a delivery");
        let seen = row.machine.clone();
        worker.seen = Some(seen.clone());
        let way = PARTNERS.iter().find(|(name, _)| *name == partner.as_str()).expect("a known partner").1;
        let event = match (seen.observed, seen.desired) {
            (Observed::Planned, Desired::Live) => {
                worker.next = match way {
                    Way::Api => Next::Begin,
                    Way::Files => Next::Prepare,
                    Way::ByHand => {
                        let intent = IntentId(Uuid::now_v7());
                        return self.note(worker, DeliveryEvent::HandedToOperator { intent }).await;
                    }
                };
                return Stepped::On;
            }
            (Observed::Planned, Desired::Gone) => panic!("nothing was sent, and yet it is not recalled"),
            (Observed::Sending { intent }, _) => DeliveryEvent::AnswerLost { intent },
            (Observed::Unknown { intent }, _) => {
                let found = (!self.hold(partner).online.is_empty()).then(|| Receipt("BV1".into()));
                DeliveryEvent::ReadBack { intent, found }
            }
            (Observed::InReview { receipt }, Desired::Live) => DeliveryEvent::WentLive { receipt, public_url: None },
            (Observed::AwaitingOperator { .. } | Observed::Live { .. }, Desired::Live)
            | (Observed::Recalled { .. } | Observed::Refused { .. }, _) => return self.end(worker).await,
            (Observed::AwaitingOperator { .. } | Observed::InReview { .. } | Observed::Live { .. }, Desired::Gone) => {
                DeliveryEvent::RecallStarted { by: RecallBy::System }
            }
            (Observed::Recalling { by: RecallBy::System, .. }, _) if way == Way::ByHand => {
                DeliveryEvent::RecallStarted { by: RecallBy::Operator }
            }
            (Observed::Recalling { by: RecallBy::System, .. }, _) => {
                if !self.is_held(worker).await {
                    return Stepped::Over;
                }
                *self.hold(partner) = Holds::default();
                worker.next = Next::SayGone;
                return Stepped::On;
            }
            (Observed::Recalling { by: RecallBy::Operator, .. }, _) => {
                let proofs = self.world.store.proofs(self.id, Some(partner)).await.unwrap();
                if !proofs.iter().any(|proof| proof.shows == "gone" && proof.at >= row.updated_at) {
                    let _ = self.world.store.later(&worker.claim, Duration::from_secs(3600)).await.unwrap();
                    return Stepped::Over;
                }
                DeliveryEvent::RecallConfirmed
            }
        };
        self.note(worker, event).await
    }

    async fn note(&self, worker: &mut Worker, event: DeliveryEvent) -> Stepped {
        match self.world.store.delivery_apply(&worker.claim, &event, None).await.unwrap() {
            Some(now) => {
                worker.seen = Some(now);
                Stepped::On
            }
            None => Stepped::Over,
        }
    }

    async fn is_held(&self, worker: &Worker) -> bool {
        self.world.store.renew(&worker.claim, 0.5).await.unwrap() == Commit::Committed
    }

    /// Ends the part; where there is something to do again, that is a failed try.
    pub(super) async fn end(&self, worker: &Worker) -> Stepped {
        let output = Output::Published { receipt: json!({}) };
        if let Err(failure) = self.world.store.finish(&worker.claim, &output).await {
            let words = format!("{failure:#}");
            assert!(words.contains("its part does not end here"), "{words}");
            let _ = self.world.store.fail(&worker.claim, &words).await.unwrap();
        }
        Stepped::Over
    }

    /// The stages that make files are done at once.
    async fn make(&self, worker: &Worker) -> Stepped {
        let output = match worker.claim.stage {
            Stage::Transcode => Output::Encoded { files: Default::default(), report: json!({}) },
            Stage::Assemble => Output::Assembled { rendition: self.rendition(&worker.claim) },
            stage => panic!("no work begins at {stage} here"),
        };
        let _ = self.world.store.finish(&worker.claim, &output).await.unwrap();
        Stepped::Over
    }

    fn rendition(&self, claim: &Claim) -> StoredRendition {
        let key = format!("renditions/{}/{}/web-720/{}.mp4", self.id, claim.run, claim.fence);
        StoredRendition {
            video: StoredFile { key, bytes: 1, sha256: "cd".repeat(32) },
            cover: None,
            covers: Vec::new(),
            width: 1280,
            height: 720,
            duration_ms: 61_000,
            qc: Vec::new(),
            engine: "test".into(),
            artefact: None,
            reused_from: None,
        }
    }

    /// Working workers, willing people and time: what is desired becomes what is.
    pub(super) async fn settle(&mut self) {
        let partners: Vec<PartnerId> = self.holds.keys().cloned().collect();
        for _ in 0..60 {
            self.leases_expire(None).await;
            self.time_passes().await;
            self.world.store.retry(self.id, None, Actor::Operator).await.unwrap();
            for stage in [Stage::Transcode, Stage::Assemble, Stage::Publish] {
                while let Some(worker) = self.claim(stage).await {
                    self.drive(worker).await;
                    self.nothing_is_stuck("a worker's end while settling").await;
                }
            }
            for partner in &partners {
                if self.try_delivery(partner).await.is_some() {
                    self.deliver_by_hand(partner).await;
                    self.take_back_by_hand(partner).await;
                }
            }
            if self.is_settled().await {
                return self.what_is_desired_is_so().await;
            }
        }
        let deliveries = self.world.store.deliveries(self.id).await.unwrap();
        panic!("left alone, it does not settle: {deliveries:#?} {:#?}", self.world.store.parts(self.id).await.unwrap());
    }

    async fn is_settled(&self) -> bool {
        let parts = self.world.store.parts(self.id).await.unwrap();
        let deliveries = self.world.store.deliveries(self.id).await.unwrap();
        parts.iter().all(|part| matches!(part.status.as_str(), "done" | "cancelled"))
            && deliveries.iter().all(|row| row.machine.is_settled())
    }

    /// What the database says was seen is what partners hold, and that is what was desired.
    async fn what_is_desired_is_so(&self) {
        for row in self.world.store.deliveries(self.id).await.unwrap() {
            let (holds, machine) = (&self.holds[&row.partner], &row.machine);
            match (&machine.observed, machine.desired) {
                (Observed::Live { .. }, Desired::Live) => {
                    assert_eq!(holds.online, [machine.run].into(), "{}: {machine:?}", row.partner);
                }
                (Observed::Recalled { .. } | Observed::Refused { .. }, _) => {
                    assert!(holds.online.is_empty() && !holds.files, "{} holds {holds:?}: {machine:?}", row.partner);
                }
                other => panic!("{} is settled as {other:?}", row.partner),
            }
        }
        let state = self.world.state(self.id).await;
        assert!(!matches!(state.as_str(), "transcode" | "assemble" | "publish"), "it stays at {state}");
    }
}

fn named(partners: &[&str]) -> BTreeSet<PartnerId> {
    partners.iter().map(|partner| PartnerId::new(*partner)).collect()
}
