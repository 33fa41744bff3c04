//! Held decisions that are due: each is carried out as `review` would, or kept with the reason why it cannot be.
use pipeline::id::SubmissionId;
use pipeline::lang::Lang;
use pipeline::person::{Held as Holds, Role, Sees};
use runtime::problem::{Code, Problem};
use runtime::store::Transaction;
use runtime::store::people::held::{self, Failure};
use runtime::store::people::persons;
use tracing::{info, warn};

use super::checks::require_run;
use crate::Desk;
use crate::act::review::{Decision, decided};
use crate::act::{Caller, Seen};

/// Most decisions carried out in one pass; the next pass continues.
const MOST: u32 = 200;

/// Carries out the decisions that are due, each in a transaction of its own together with the deletion of its row.
/// Returns the number carried out. A decision that is refused then is kept for its person to read.
///
/// # Errors
/// The first failure of ours, after every other decision was carried out.
pub async fn carry_out(desk: &Desk) -> anyhow::Result<u32> {
    let (mut count, mut failure) = (0, None);
    for id in desk.store.due_decisions(MOST).await? {
        match carry_out_one(desk, id).await {
            Ok(done) => count += u32::from(done),
            Err(error) => {
                failure.get_or_insert(error.context(format!("carry out the held decision {id}")));
            }
        }
    }
    failure.map_or(Ok(count), Err)
}

/// The result of a decision.
enum Outcome {
    CarriedOut(SubmissionId),
    Refused(SubmissionId, Failure),
    /// It was undone, or another desk carries it out.
    NotOurs,
}

async fn carry_out_one(desk: &Desk, id: i64) -> anyhow::Result<bool> {
    let outcome = desk.store.transaction("held_decision", |tx, _| {
        Box::pin(async move {
            let Some(due) = held::take(tx, id).await? else { return Ok(Outcome::NotOurs) };
            let decision = Decision::called(&due.decision).ok_or_else(|| anyhow::anyhow!("no such decision"))?;
            let event = decision.event(due.words)?;
            let caller = Caller { by: due.by, sees: Sees::All, roles: None, key: None };
            let done = match still_may(tx, &caller, due.submission, due.run).await {
                Ok(seen) => decided(desk, tx, &seen, &event, &caller.by).await.map(drop),
                Err(error) => Err(error),
            };
            match done {
                Ok(()) => {
                    held::carried_out(tx, id).await?;
                    Ok(Outcome::CarriedOut(due.submission))
                }
                // A refusal has changed nothing, so this transaction can continue; a failure of ours ends it.
                Err(error) => {
                    let why = failure(&error.downcast::<Problem>()?);
                    held::failed(tx, id, &why).await?;
                    Ok(Outcome::Refused(due.submission, why))
                }
            }
        })
    });
    match outcome.await? {
        Outcome::CarriedOut(submission) => {
            info!(submission.id = %submission, "the held decision on {submission} was carried out");
            Ok(true)
        }
        Outcome::Refused(submission, why) => {
            let code = &why.code;
            warn!(submission.id = %submission, code, "the held decision on {submission} changes nothing: {}", why.en);
            Ok(false)
        }
        Outcome::NotOurs => Ok(false),
    }
}

/// Whether the decision can still be carried out: its person still holds the role, and the work is in the run that they
/// saw.
async fn still_may(tx: &mut Transaction, caller: &Caller, id: SubmissionId, run: Option<u32>) -> anyhow::Result<Seen> {
    let role = Role::ALL.into_iter().find(|role| role.actor() == caller.by.actor);
    let person = persons::lock(tx, &caller.person()?.to_string()).await?;
    let seen = caller.lock(tx, id).await?;
    let contest = seen.contest.clone();
    let holds = |role| person.is_some_and(|person| person.holds(&Holds::within(role, contest)));
    if !role.is_some_and(holds) {
        return Err(Problem::from(Code::RoleMissing).into());
    }
    require_run(&seen, run)?;
    Ok(seen)
}

fn failure(problem: &Problem) -> Failure {
    let (zh, en) = (problem.text(Lang::Zh), problem.text(Lang::En));
    Failure { code: problem.code.name().to_owned(), zh, en }
}
