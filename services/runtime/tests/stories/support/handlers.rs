//! Handlers of stages that do something plausible at once.
use std::future::Future;

use futures::future::BoxFuture;
use pipeline::rejection::Rejection;
use pipeline::stage::Stage;
use runtime::outcome::Outcome;
use runtime::service::Services;
use runtime::store::Store;
use runtime::worker::{Handler, Job};

use crate::stubs::{hand_over, output};

/// A handler for stage number `STAGE` of `Stage::ALL`, from a closure.
pub(crate) struct Doing<const STAGE: usize, F>(pub(crate) F);

impl<const STAGE: usize, F> Handler for Doing<STAGE, F>
where
    F: Fn(Job) -> BoxFuture<'static, anyhow::Result<Outcome>> + Send + Sync + 'static,
{
    const STAGE: Stage = Stage::ALL[STAGE];

    fn handle(&self, job: Job) -> impl Future<Output = anyhow::Result<Outcome>> + Send {
        (self.0)(job)
    }
}

/// A probe that does `work`.
pub(crate) fn probing<F, R>(work: F) -> Services
where
    F: Fn(Job) -> R + Send + Sync + 'static,
    R: Future<Output = anyhow::Result<Outcome>> + Send + 'static,
{
    Services::new().worker(Doing::<0, _>(move |job| -> BoxFuture<'static, _> { Box::pin(work(job)) }))
}

/// All five stages, each of which finishes immediately with a plausible output. In the end, a person has the bag for
/// every partner.
pub(crate) fn whole_line(store: &Store) -> Services {
    let store = store.clone();
    all_but_publish().worker(Doing::<4, _>(move |job| -> BoxFuture<'static, _> {
        let store = store.clone();
        Box::pin(async move {
            hand_over(&store, &job).await?;
            Ok(Outcome::Done(output(&job)))
        })
    }))
}

/// The stages that make files.
pub(crate) fn all_but_publish() -> Services {
    Services::new()
        .worker(Doing::<0, _>(at_once))
        .worker(Doing::<1, _>(at_once))
        .worker(Doing::<2, _>(at_once))
        .worker(Doing::<3, _>(at_once))
}

fn at_once(job: Job) -> BoxFuture<'static, anyhow::Result<Outcome>> {
    Box::pin(async move { Ok(Outcome::Done(output(&job))) })
}

pub(crate) fn refusal() -> Rejection {
    Rejection::NoVideo
}
