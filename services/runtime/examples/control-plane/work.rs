//! What is entered, and the stubs that finish immediately: every stage's output is made once, in advance.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::ValueEnum;
use futures::future::BoxFuture;
use pipeline::catalogue::Catalogue;
use pipeline::id::SubmissionId;
use pipeline::receipt::Receipt;
use pipeline::rendition::Plan;
use pipeline::stage::Stage;
use pipeline::submission::{Event, Gate, Gates, Submission};
use runtime::outcome::{Outcome, Output};
use runtime::service::{Runtime, Services};
use runtime::store::Store;
use runtime::store::submissions::history::Actor;
use runtime::store::submissions::{self, NewSubmission};
use runtime::worker::{Handler, Job};
use serde_json::json;
use uuid::Uuid;

use crate::stubs;

/// What an entry is made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// One segment, its sound, one rendition, one partner: nearly every part moves its submission on.
    Line,
    /// A minute of film for all nine partners of the contest, as the planner has it.
    Contest,
}

/// What the stubs answer.
pub(crate) struct Work {
    probed: Output,
    screened: Output,
    /// Parts that each entry has, by stage.
    pub(crate) parts: [u64; Stage::ALL.len()],
}

/// How often a handler ran, by stage.
#[derive(Default)]
pub(crate) struct Runs([AtomicU64; Stage::ALL.len()]);

impl Runs {
    pub(crate) fn of(&self, stage: Stage) -> u64 {
        self.0[at(stage)].load(Ordering::Relaxed)
    }
}

fn at(stage: Stage) -> usize {
    Stage::ALL.iter().position(|other| *other == stage).expect("every stage is one of all")
}

impl Work {
    pub(crate) fn new(shape: Shape) -> Self {
        let catalogue = Catalogue::builtin();
        let contest = catalogue.contest(&"demo".into()).expect("the demo contest");
        let (mut info, mut partners) = (stubs::media_info(), catalogue.partners_of(contest));
        if shape == Shape::Line {
            partners.truncate(1);
            info.duration_ms = 8000;
            (info.video.frames, info.video.duration_ms) = (200, 8000);
            if let Some(audio) = &mut info.audio {
                audio.duration_ms = 8000;
            }
        }
        let plan: Plan = pipeline::planner::plan(&info, &partners, &catalogue.ladders);
        let made = pipeline::submission::Work::of(&plan);
        let encoded = made.segments as usize + usize::from(made.audio);
        let parts = [1, 1, encoded, made.renditions.len(), made.partners.len()];
        let Output::Screened { verdict, .. } = stubs::screened() else { panic!("screening makes a verdict") };
        let screened = Output::Screened { verdict, plan: Some(plan), compared: None };
        Self { probed: stubs::probed(), screened, parts: parts.map(|parts| parts as u64) }
    }

    /// Parts that each entry has.
    pub(crate) fn parts_each(&self) -> u64 {
        self.parts.iter().sum()
    }

    fn output(&self, job: &Job) -> Output {
        match job.claim.stage {
            Stage::Probe => self.probed.clone(),
            Stage::Screen => self.screened.clone(),
            Stage::Transcode | Stage::Assemble | Stage::Publish => stubs::output(job),
        }
    }
}

/// A stage's handler that finishes immediately.
pub(crate) struct Stub<const STAGE: usize> {
    runs: Arc<Runs>,
    work: Arc<Work>,
    store: Store,
}

impl Stub<0> {
    /// Workers for all stages.
    pub(crate) fn services(runs: &Arc<Runs>, work: &Arc<Work>, store: &Store) -> Services {
        fn stub<const STAGE: usize>(runs: &Arc<Runs>, work: &Arc<Work>, store: &Store) -> Stub<STAGE> {
            Stub { runs: runs.clone(), work: work.clone(), store: store.clone() }
        }
        Services::new()
            .worker(stub::<0>(runs, work, store))
            .worker(stub::<1>(runs, work, store))
            .worker(stub::<2>(runs, work, store))
            .worker(stub::<3>(runs, work, store))
            .worker(stub::<4>(runs, work, store))
    }
}

impl<const STAGE: usize> Handler for Stub<STAGE> {
    const STAGE: Stage = Stage::ALL[STAGE];

    fn handle(&self, job: Job) -> impl Future<Output = anyhow::Result<Outcome>> + Send {
        self.runs.0[STAGE].fetch_add(1, Ordering::Relaxed);
        let output = self.work.output(&job);
        let store = self.store.clone();
        let handled: BoxFuture<'static, _> = Box::pin(async move {
            // A publish part ends only when its delivery has reached a final state.
            if Self::STAGE == Stage::Publish {
                stubs::hand_over(&store, &job).await?;
            }
            Ok(Outcome::Done(output))
        });
        handled
    }
}

/// Enters one work whose upload is complete.
pub(crate) async fn enter(runtime: &Runtime) -> anyhow::Result<SubmissionId> {
    let id = SubmissionId(Uuid::now_v7());
    let new = &NewSubmission {
        id,
        receipt: Receipt::new("T", id.0.as_u64_pair().1),
        contest: "demo".into(),
        machine: Submission::new(Gates { review: Gate::Automatic, release: Gate::Automatic }),
        title: "a".into(),
        theme: "b".into(),
        synopsis: "c".into(),
        recommending_unit: "d".into(),
        declarations: json!({}),
        token_sha256: vec![0; 32],
    };
    runtime.store.transaction("enter", |tx, _| Box::pin(submissions::create(tx, new))).await?;
    runtime.store.apply(id, &Event::Uploaded, Actor::Entrant).await?;
    Ok(id)
}
