//! One work, three partners that remember what they have, and workers that carry out deliveries one step at a time, as
//! the publish service's driver does. Everything goes through the store's own functions.
use std::collections::{BTreeMap, BTreeSet};

use pipeline::delivery::{Delivery, Desired, Observed, RecallBy, Receipt};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::Part;
use pipeline::stage::Stage;
use pipeline::submission::{Event, Gate, Gates, Redo, State, Submission, Work};
use runtime::store::partners::proofs::{NewProof, Shows};
use runtime::store::partners::recalls::RecallTerms;
use runtime::store::submissions::history::Actor;
use runtime::store::submissions::{self, Applied, NewSubmission};
use runtime::store::work::parts::Claim;
use serde_json::json;
use uuid::Uuid;

use crate::support::World;

mod worker;

pub(super) use worker::{Stepped, Worker};

/// How a work is delivered to a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// One call, and one to recall it.
    Api,
    /// Files are sent first, and are visible there before the call that publishes.
    Files,
    /// A person delivers a bag.
    ByHand,
}

/// The partners of every work.
pub(super) const PARTNERS: [(&str, Way); 3] = [("api", Way::Api), ("files", Way::Files), ("hand", Way::ByHand)];

/// What a partner really has.
#[derive(Debug, Default)]
pub(super) struct Holds {
    /// Runs whose film is online there.
    pub(super) online: BTreeSet<u32>,
    /// Whether unpublished files are there.
    pub(super) files: bool,
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
            receipt: pipeline::receipt::Receipt::new("T", id.0.as_u64_pair().1),
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

    /// An operator delivers the bag and reports it. Only while the bag waits.
    pub(super) async fn deliver_by_hand(&mut self, partner: &PartnerId) {
        let Observed::AwaitingOperator { .. } = self.delivery(partner).await.observed else { return };
        let receipt = Receipt("BV1".into());
        let proof = self.proof(partner, Shows::Live, Some("https://partner.example/1".into()));
        self.world.store.add_proof(&proof, Some(&receipt), Actor::Operator).await.unwrap();
        let run = self.delivery(partner).await.run;
        self.hold(partner).online.insert(run);
    }

    /// An operator removes it at the partner and proves it. Only while that is asked for.
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

    // ── facts ──

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

    /// Fails if something that is needed has no open part, or if there is an open part too many.
    pub(super) async fn nothing_is_stuck(&self, after: &str) {
        let stuck = self.world.store.stuck(&[self.id.0]).await.unwrap();
        assert_eq!(stuck, [], "after {after}");
    }

    // ── time ──

    /// Hours pass, so every wait ends.
    pub(super) async fn time_passes(&self) {
        let due = "update parts set not_before = clock_timestamp() where submission = $1 and status = 'waiting'";
        sqlx::query(due).bind(self.id.0).execute(self.world.store.pool()).await.unwrap();
        self.world.store.wake_due().await.unwrap();
    }

    /// Claims of this submission expire without renewal; of one part, or of all.
    pub(super) async fn leases_expire(&self, claim: Option<&Claim>) {
        let ended = "update parts set lease_until = clock_timestamp() - interval '1 second'
            where submission = $1 and status = 'claimed' and ($2::bigint is null or fence = $2)";
        let ended = sqlx::query(ended).bind(self.id.0).bind(claim.map(|claim| claim.fence.0));
        ended.execute(self.world.store.pool()).await.unwrap();
        self.world.store.expire_leases().await.unwrap();
    }

    /// With working workers, cooperating people and time, the desired state becomes the actual one.
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

    /// Checks that the database's observed state is what partners have, and that this is the desired state.
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
