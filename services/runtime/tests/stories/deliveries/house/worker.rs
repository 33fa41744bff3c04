//! A worker of the house: it carries out a delivery one step at a time, and relies only on its claim and the store.
use std::time::Duration;

use pipeline::delivery::{Delivery, DeliveryEvent, Desired, IntentId, Observed, RecallBy, Receipt};
use pipeline::id::PartnerId;
use pipeline::part::Part;
use pipeline::stage::Stage;
use runtime::outcome::{Output, StoredFile, StoredRendition};
use runtime::store::work::parts::{Claim, Commit};
use serde_json::json;
use uuid::Uuid;

use super::{Holds, House, PARTNERS, Way};

/// What a worker does next; each value is one step.
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
pub(crate) struct Worker {
    pub(crate) claim: Claim,
    seen: Option<Delivery>,
    next: Next,
}

/// The result of a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stepped {
    /// There is more to do.
    On,
    /// The part has ended for this worker.
    Over,
}

impl House<'_> {
    pub(crate) async fn claim(&self, stage: Stage) -> Option<Worker> {
        let claim = self.world.store.claim(stage, "a worker").await.unwrap()?;
        assert_eq!(claim.submission, self.id, "works before have nothing left to do");
        Some(Worker { claim, seen: None, next: Next::Look })
    }

    /// The worker of this partner's part, which must be the only pending one.
    pub(crate) async fn claim_of(&self, partner: &str) -> Worker {
        let worker = self.claim(Stage::Publish).await.expect("a pending part");
        assert_eq!(worker.claim.part, Part::Partner(partner.into()));
        worker
    }

    /// Drives a worker until its part is over.
    pub(crate) async fn drive(&mut self, mut worker: Worker) {
        for _ in 0..40 {
            if self.step(&mut worker).await == Stepped::Over {
                return;
            }
        }
        panic!("the worker of {} goes round in circles: {:?}", worker.claim.part, worker.seen);
    }

    /// Runs a worker until the film that it recalls is gone, and no further.
    pub(crate) async fn drive_back(&mut self, mut worker: Worker) {
        let Part::Partner(partner) = worker.claim.part.clone() else { panic!("no partner's worker") };
        while self.delivery(&partner).await.desired == Desired::Gone {
            assert_eq!(self.step(&mut worker).await, Stepped::On);
        }
    }

    /// One step of a worker. It relies only on its claim and the store: like the driver, but without the driver's
    /// additional checks.
    pub(crate) async fn step(&mut self, worker: &mut Worker) -> Stepped {
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

    /// Ends the part; if there is something to do again, this is a failed attempt.
    pub(crate) async fn end(&self, worker: &Worker) -> Stepped {
        let output = Output::Published { receipt: json!({}) };
        if let Err(failure) = self.world.store.finish(&worker.claim, &output).await {
            let words = format!("{failure:#}");
            assert!(words.contains("its part does not end here"), "{words}");
            let _ = self.world.store.fail(&worker.claim, &words).await.unwrap();
        }
        Stepped::Over
    }

    /// The stages that make files finish immediately.
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
            comparison: Vec::new(),
            width: 1280,
            height: 720,
            duration_ms: 61_000,
            qc: Vec::new(),
            engine: "test".into(),
            artefact: None,
            reused_from: None,
        }
    }
}
