//! Works and jobs of a test.
use std::collections::BTreeSet;

use pipeline::delivery::{DeliveryEvent, IntentId, Receipt};
use pipeline::id::SubmissionId;
use pipeline::person::Sees;
use runtime::store::bulk;
use runtime::store::bulk::{Addresses, Ask, Control, Created, Estimate as Counted, Looked, Refusal, Which};
use runtime::store::submissions::history::{Actor, By};
use runtime::store::work::parts::PartRow;
use uuid::Uuid;

use crate::support::{World, whole_line};

impl World {
    /// This many works that went through all stages.
    pub(super) async fn published(&self, works: usize) -> Vec<SubmissionId> {
        let mut ids = Vec::new();
        for _ in 0..works {
            ids.push(self.uploaded().await);
        }
        self.work_off(&ids, "published").await;
        ids
    }

    /// A process with all stages, until these works are in `state`.
    pub(super) async fn work_off(&self, ids: &[SubmissionId], state: &str) {
        let process = self.process(whole_line(&self.store)).await;
        for id in ids {
            self.reaches(*id, state).await;
        }
        process.stop().await;
    }

    /// Creates a job as an act does: waits for its turn, looks, and starts unless it is refused.
    pub(super) async fn create(&self, which: &Which, ask: &Ask) -> Result<Created, Refusal> {
        self.create_by(which, ask, &By::from(Actor::Operator)).await
    }

    pub(super) async fn create_by(&self, which: &Which, ask: &Ask, by: &By) -> Result<Created, Refusal> {
        let done = self.store.transaction("make_job", |tx, _| {
            Box::pin(async move {
                bulk::take_turn(tx, which, ask).await?;
                let looked = bulk::look(tx, which, ask, &Sees::All).await?;
                match looked.refusal() {
                    Some(refusal) => Ok(Err(refusal)),
                    None => bulk::begin(tx, self.store.policy(), which, ask, &looked, by).await.map(Ok),
                }
            })
        });
        done.await.unwrap()
    }

    /// What a dry run reports.
    pub(super) async fn estimate(&self, which: &Which, ask: &Ask, addresses: Option<Addresses>) -> (Looked, Counted) {
        let done = self.store.transaction("estimate_job", |tx, _| {
            Box::pin(async move {
                bulk::read_only(tx).await?;
                let looked = bulk::look(tx, which, ask, &Sees::All).await?;
                let estimate = bulk::estimate(tx, &looked, ask, addresses).await?;
                Ok((looked, estimate))
            })
        });
        done.await.unwrap()
    }

    pub(super) async fn control(&self, job: Uuid, control: Control) -> Option<bool> {
        let by = &By::from(Actor::Operator);
        let done = self
            .store
            .transaction("order_job", |tx, _| Box::pin(async move { bulk::control(tx, job, control, by).await }));
        done.await.unwrap()
    }

    pub(super) async fn job(&self, which: &Which, ask: &Ask) -> (Uuid, u64, u64) {
        let Created { id, works, skipped } = self.create(which, ask).await.unwrap();
        (id, works, skipped)
    }

    /// States of a job's works, by time of entry.
    pub(super) async fn items(&self, job: Uuid) -> Vec<String> {
        let items = self.store.bulk_items(job, None, 1000).await.unwrap();
        items
            .into_iter()
            .map(|item| format!("{} {}", item.state, item.why.unwrap_or_default()).trim().to_owned())
            .collect()
    }

    pub(super) async fn job_state(&self, job: Uuid) -> String {
        self.store.bulk_job(job, &Sees::All).await.unwrap().unwrap().state
    }

    pub(super) async fn run(&self, id: SubmissionId) -> u32 {
        self.store.submission(id).await.unwrap().unwrap().machine.run
    }

    pub(super) async fn parts_of_run(&self, id: SubmissionId, run: u32) -> Vec<PartRow> {
        self.store.parts(id).await.unwrap().into_iter().filter(|part| part.run == run).collect()
    }

    pub(super) async fn rank(&self, id: SubmissionId, run: u32) -> Vec<i32> {
        sqlx::query_scalar("select distinct rank from parts where submission = $1 and run = $2")
            .bind(id.0)
            .bind(run as i32)
            .fetch_all(self.store.pool())
            .await
            .unwrap()
    }

    /// Runs whose renditions are in force.
    pub(super) async fn in_force(&self, id: SubmissionId) -> BTreeSet<u32> {
        self.store.renditions(id).await.unwrap().iter().map(|row| row.run).collect()
    }

    pub(super) async fn goes_live(&self, id: SubmissionId, partner: &str) {
        let intent = IntentId(Uuid::now_v7());
        let live = DeliveryEvent::WentLive { receipt: Receipt("BV1".into()), public_url: None };
        for event in [DeliveryEvent::Sending { intent }, live] {
            self.store.delivery_note(id, &partner.into(), &event, Actor::Operator).await.unwrap();
        }
    }

    pub(super) async fn sql(&self, query: &'static str) {
        sqlx::query(query).execute(self.store.pool()).await.unwrap();
    }
}
