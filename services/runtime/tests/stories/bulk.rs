//! New runs of many works: started a few at a time, below new entries, paused and cancelled as one.
use std::collections::BTreeSet;

use pipeline::delivery::{DeliveryEvent, IntentId, Receipt};
use pipeline::id::SubmissionId;
use pipeline::person::Sees;
use pipeline::stage::Stage;
use pipeline::submission::Redo;
use runtime::store::bulk::{self, Addresses, Ask, Control, Created, Estimate as Counted, Looked, Refusal, Which};
use runtime::store::history::{Actor, By};
use runtime::store::parts::PartRow;
use uuid::Uuid;

use crate::support::{World, eventually, whole_line};

mod kept; // old files, and what partners hold
mod looks; // what a dry run sees
mod order; // which works come first

fn ask(from: Stage) -> Ask {
    Ask::Reprocess { from, redo: Redo::default() }
}

fn named(ids: &[SubmissionId]) -> Which {
    Which::Named(ids.to_vec())
}

fn selected(text: &str) -> Which {
    Which::Selected(Box::new(text.parse().unwrap()))
}

impl World {
    /// This many works that went through all stages.
    async fn published(&self, works: usize) -> Vec<SubmissionId> {
        let mut ids = Vec::new();
        for _ in 0..works {
            ids.push(self.uploaded().await);
        }
        self.work_off(&ids, "published").await;
        ids
    }

    /// A process with all stages, until these works are in `state`.
    async fn work_off(&self, ids: &[SubmissionId], state: &str) {
        let process = self.process(whole_line(&self.store)).await;
        for id in ids {
            self.reaches(*id, state).await;
        }
        process.stop().await;
    }

    /// Creates a job as an act does: waits for its turn, looks, and starts unless it is refused.
    async fn create(&self, which: &Which, ask: &Ask) -> Result<Created, Refusal> {
        self.create_by(which, ask, &By::from(Actor::Operator)).await
    }

    async fn create_by(&self, which: &Which, ask: &Ask, by: &By) -> Result<Created, Refusal> {
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
    async fn estimate(&self, which: &Which, ask: &Ask, addresses: Option<Addresses>) -> (Looked, Counted) {
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

    async fn control(&self, job: Uuid, control: Control) -> Option<bool> {
        let by = &By::from(Actor::Operator);
        let done = self
            .store
            .transaction("order_job", |tx, _| Box::pin(async move { bulk::control(tx, job, control, by).await }));
        done.await.unwrap()
    }

    async fn job(&self, which: &Which, ask: &Ask) -> (Uuid, u64, u64) {
        let Created { id, works, skipped } = self.create(which, ask).await.unwrap();
        (id, works, skipped)
    }

    /// States of a job's works, by time of entry.
    async fn items(&self, job: Uuid) -> Vec<String> {
        let items = self.store.bulk_items(job, None, 1000).await.unwrap();
        items
            .into_iter()
            .map(|item| format!("{} {}", item.state, item.why.unwrap_or_default()).trim().to_owned())
            .collect()
    }

    async fn job_state(&self, job: Uuid) -> String {
        self.store.bulk_job(job, &Sees::All).await.unwrap().unwrap().state
    }

    async fn run(&self, id: SubmissionId) -> u32 {
        self.store.submission(id).await.unwrap().unwrap().machine.run
    }

    async fn parts_of_run(&self, id: SubmissionId, run: u32) -> Vec<PartRow> {
        self.store.parts(id).await.unwrap().into_iter().filter(|part| part.run == run).collect()
    }

    async fn rank(&self, id: SubmissionId, run: u32) -> Vec<i32> {
        sqlx::query_scalar("select distinct rank from parts where submission = $1 and run = $2")
            .bind(id.0)
            .bind(run as i32)
            .fetch_all(self.store.pool())
            .await
            .unwrap()
    }

    /// Runs whose renditions are in force.
    async fn in_force(&self, id: SubmissionId) -> BTreeSet<u32> {
        self.store.renditions(id).await.unwrap().iter().map(|row| row.run).collect()
    }

    async fn goes_live(&self, id: SubmissionId, partner: &str) {
        let intent = IntentId(Uuid::now_v7());
        let live = DeliveryEvent::WentLive { receipt: Receipt("BV1".into()), public_url: None };
        for event in [DeliveryEvent::Sending { intent }, live] {
            self.store.delivery_note(id, &partner.into(), &event, Actor::Operator).await.unwrap();
        }
    }

    async fn sql(&self, query: &'static str) {
        sqlx::query(query).execute(self.store.pool()).await.unwrap();
    }
}

#[tokio::test]
async fn a_few_works_are_started_at_a_time_and_the_rest_as_those_end() {
    let world = World::new().await;
    let ids = world.published(5).await;
    let (job, works, skipped) = world.job(&named(&ids), &ask(Stage::Transcode)).await;
    assert_eq!((works, skipped), (5, 0));
    assert_eq!(world.run(ids[0]).await, 1, "asked for, not begun");
    assert_eq!(world.store.bulk_start(2).await.unwrap(), 2);
    assert_eq!(world.store.bulk_start(2).await.unwrap(), 0, "two are under way");
    assert_eq!(world.items(job).await, ["started", "started", "waiting", "waiting", "waiting"]);
    world.work_off(&ids[..2], "published").await;
    world.store.bulk_start(100).await.unwrap();
    world.work_off(&ids, "published").await;
    for id in &ids {
        assert_eq!(world.run(*id).await, 2, "once each");
        assert_eq!(world.in_force(*id).await, [2].into());
    }
    assert_eq!(world.items(job).await, ["done"; 5]);
    world.store.bulk_start(2).await.unwrap();
    assert_eq!(world.job_state(job).await, "done");
}

#[tokio::test]
async fn the_reconciler_starts_what_waits_and_ends_the_job() {
    let world = World::new().await;
    let ids = world.published(3).await;
    let (job, ..) = world.job(&selected("state=published contest=demo"), &ask(Stage::Publish)).await;
    let mut config = world.config.clone();
    config.work.bulk_in_flight = 1;
    let process = world.process_with(config, whole_line(&world.store)).await;
    eventually("the job is done", async || world.job_state(job).await == "done").await;
    process.stop().await;
    for id in ids {
        assert_eq!((world.run(id).await, world.state(id).await.as_str()), (2, "published"));
    }
}

/// Whatever is wrong with a job's row, other jobs continue, and so do all other duties of the reconciler.
#[tokio::test]
async fn a_job_that_cannot_begin_keeps_nothing_else_waiting() {
    let world = World::new().await;
    let ids = world.published(4).await;
    // A job of one work starts immediately, and the reconciler starts nothing of it.
    let (poisoned, _, _) = world.job(&named(&ids[..2]), &ask(Stage::Transcode)).await;
    let (other, _, _) = world.job(&named(&ids[2..]), &ask(Stage::Transcode)).await;
    sqlx::query("update bulk_jobs set actor = 'unknown' where id = $1")
        .bind(poisoned)
        .execute(world.store.pool())
        .await
        .unwrap();
    world.sql("insert into garbage (prefix, keep, due) values ('works/unneeded/', '{}', now())").await;
    world.sql("delete from ticks").await;
    let process = world.process(whole_line(&world.store)).await;
    eventually("the other job is done", async || world.job_state(other).await == "done").await;
    let is_so =
        async |fact: &'static str| -> bool { sqlx::query_scalar(fact).fetch_one(world.store.pool()).await.unwrap() };
    let waits = "select not exists (select from garbage where prefix = 'works/unneeded/' and due <= now())";
    eventually("the garbage is swept", async || is_so(waits).await).await;
    let retained = "select exists (select from ticks where name = 'retention')";
    eventually("retention has its turn", async || is_so(retained).await).await;
    assert_eq!(world.job_state(poisoned).await, "running");
    process.stop().await;
}

#[tokio::test]
async fn paused_and_cancelled_jobs_start_nothing_and_started_works_finish() {
    let world = World::new().await;
    let ids = world.published(3).await;
    let (job, ..) = world.job(&named(&ids), &ask(Stage::Transcode)).await;
    assert_eq!(world.store.bulk_start(1).await.unwrap(), 1);
    assert_eq!(world.control(job, Control::Pause).await, Some(true));
    assert_eq!(world.control(job, Control::Pause).await, Some(false), "once is enough");
    assert_eq!(world.store.bulk_start(9).await.unwrap(), 0);
    world.work_off(&ids[..1], "published").await;
    assert_eq!(world.items(job).await, ["done", "waiting", "waiting"]);
    assert_eq!(world.job_state(job).await, "paused");

    assert_eq!(world.control(job, Control::Resume).await, Some(true));
    assert_eq!(world.store.bulk_start(1).await.unwrap(), 1);
    assert_eq!(world.control(job, Control::Cancel).await, Some(true));
    assert_eq!(world.control(job, Control::Resume).await, Some(false), "cancelled for good");
    assert_eq!(world.store.bulk_start(9).await.unwrap(), 0);
    world.work_off(&ids[1..2], "published").await;
    assert_eq!(world.items(job).await, ["done", "done", "cancelled job_cancelled"]);
    assert_eq!((world.run(ids[1]).await, world.run(ids[2]).await), (2, 1));
    assert_eq!(world.job_state(job).await, "cancelled");
    assert_eq!(world.control(Uuid::now_v7(), Control::Pause).await, None);
}

/// Between its statements, a dry run keeps no row version from vacuum.
#[tokio::test]
async fn a_dry_run_holds_no_snapshot() {
    let world = World::new().await;
    let ids = world.published(2).await;
    let (which, ask) = (&named(&ids), &ask(Stage::Transcode));
    let store = &world.store;
    let held = store.transaction("estimate_job", |tx, _| {
        Box::pin(async move {
            bulk::read_only(tx).await?;
            let looked = bulk::look(tx, which, ask, &Sees::All).await?;
            assert_eq!(looked.works(), 2);
            let pid: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(tx).await?;
            let seen =
                "select state = 'idle in transaction' and backend_xmin is null from pg_stat_activity where pid = $1";
            Ok(sqlx::query_scalar::<_, bool>(seen).bind(pid).fetch_one(store.pool()).await?)
        })
    });
    assert!(held.await.unwrap(), "the transaction is open and holds nothing");
}
