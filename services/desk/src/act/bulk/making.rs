//! Making a job, in one transaction, and its dry run.
use runtime::problem::{Code, Problem};
use runtime::store::Transaction;
use runtime::store::bulk::{self, Ask, Kind, Looked, Refusal, Which};

use super::effect::Effect;
use super::estimate::Estimate;
use super::lasting::{Forecast, lasting};
use super::made::JobMade;
use super::untaken;
use crate::Desk;
use crate::act::beginning::Beginning;
use crate::act::{Caller, Done, at_most, settle};
use crate::names::in_states;

/// The job as requested.
pub(in crate::act) struct Terms {
    pub(in crate::act) ask: Ask,
    pub(in crate::act) from: Option<Beginning>,
    pub(in crate::act) dry_run: bool,
    pub(in crate::act) digest: Option<String>,
}

/// Makes the job, or reports what it would do.
pub(in crate::act) async fn make(
    desk: &Desk,
    caller: &Caller,
    which: &Which,
    terms: &Terms,
) -> Result<Done<JobMade>, Problem> {
    let done = desk.store.transaction("make_job", |tx, _| {
        Box::pin(async move {
            let Terms { ask, from, dry_run, digest } = terms;
            if let Some(done) = caller.begin(tx, *dry_run).await? {
                return Ok(done);
            }
            if *dry_run {
                bulk::read_only(tx).await?;
            } else {
                bulk::take_turn(tx, which, ask).await?;
            }
            let looked = bulk::look(tx, which, ask, &caller.sees).await?;
            if digest.as_ref().is_some_and(|digest| *digest != looked.digest) {
                return Err(Problem::from(Code::Changed).into());
            }
            if let Some(refusal) = looked.refusal() {
                return Err(refused(refusal).into());
            }
            let mut made = JobMade::of(&looked, ask, *from, *dry_run);
            if *dry_run {
                add_forecast(desk, tx, &looked, ask, &mut made).await?;
            } else {
                made.job = Some(bulk::begin(tx, desk.store.policy(), which, ask, &looked, &caller.by).await?.id);
            }
            caller.end(tx, *dry_run, made).await
        })
    });
    settle(done.await)
}

/// The problem of an act on works that `look` refuses.
pub(in crate::act) fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Missing(id) => Code::SubmissionUnknown.about(id.to_string()),
        Refusal::Nothing => Code::NothingSelected.into(),
        Refusal::TooMany => Code::TooManyWorks.about(at_most(bulk::MAX_WORKS)),
        Refusal::CannotBegin(states) => Code::StateWrong.about(in_states(states.iter().map(String::as_str))),
        Refusal::InAnotherJob(job) => Code::InAnotherJob.about(job.to_string()),
    }
}

/// Adds the parts of a dry run: the estimate, the effects, texts that partners do not accept, and what cannot be
/// undone.
async fn add_forecast(
    desk: &Desk,
    tx: &mut Transaction,
    looked: &Looked,
    ask: &Ask,
    made: &mut JobMade,
) -> anyhow::Result<()> {
    let found = bulk::estimate(tx, looked, ask, Some(desk.addresses)).await?;
    made.effects = found.effects.iter().map(|(id, effect)| Effect::of(&desk.catalogue, ask, id, *effect)).collect();
    if ask.kind() == Kind::Reprocess {
        made.estimate = Some(Estimate::of(&desk.catalogue, &found));
    }
    if ask.kind() == Kind::Release {
        let found = untaken::look(&desk.catalogue, tx, looked).await?;
        (made.unread_works, made.warnings) = (found.unread, found.all());
    }
    let held = made.estimate.as_ref().map_or(&[][..], |it| &it.partners);
    let forecast = Forecast { works: made.works, held, effects: &made.effects };
    made.lasting = lasting(&desk.catalogue, ask, &forecast);
    Ok(())
}
