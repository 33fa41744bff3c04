//! Decide: a reviewer's decision is held for ten seconds, in which it can be undone; then a desk carries it out as
//! `review` would. The audit trail and the history record it when it is carried out, in the name of its person. Only
//! the pages of the queue use it: ten seconds for undo are for a person with a keyboard; a program or a command decides
//! at once, by `review`. A held decision that is overtaken is then refused, and the queue shows its reviewer why.
use chrono::{DateTime, Utc};
use pipeline::id::{PersonId, SubmissionId};
use pipeline::lang::Lang;
use pipeline::person::{Held as Holds, Role, Sees};
use pipeline::submission::State;
use pipeline::text::Limit;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::typed;
use runtime::store::held::{self, Failure, Holding};
use runtime::store::{Transaction, persons, reviews};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};
use uuid::Uuid;

use super::review::{Decision, decided};
use super::{Caller, Done, Seen, settle};
use crate::Desk;
use crate::names::in_states;

/// Most decisions carried out in one pass; the next pass continues.
const MOST: u32 = 200;

/// A decision to hold.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The decision.
    pub decision: Decision,
    /// Why it is refused; the entrant reads these words. Empty if the phrase is sufficient.
    pub words: Option<String>,
    /// A phrase of the catalogue, by its id. Its text is used if there are no words.
    pub phrase: Option<String>,
    /// In which language the phrase is used.
    pub lang: Lang,
    /// The run whose card was shown. A decision about an earlier run is refused with `changed`. `None`: the present one.
    pub run: Option<u32>,
}

/// A decision that is held.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Held {
    /// The work.
    pub id: Uuid,
    /// When it takes effect.
    pub due_at: DateTime<Utc>,
}

/// A work whose decision was undone, or that was put aside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Work {
    /// The work.
    pub id: Uuid,
}

/// Holds a decision. Refused if the work does not await review, another reviewer has it open, or a decision on it is
/// held.
pub async fn decide(desk: &Desk, caller: &Caller, id: SubmissionId, wish: Wish) -> Result<Done<Held>, Problem> {
    let person = caller.person()?;
    let (words, phrase) = said(desk, &wish)?;
    wish.decision.event(words.clone())?;
    let (words, phrase, decision) = (words.as_deref(), phrase.as_deref(), wish.decision.name());
    let done = desk.store.transaction("decide", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                // Sent again from a page in the browser's history, after it was undone: "done" would be wrong.
                if awaits_review(&caller.look(tx, id).await?).is_ok() && !held::is_held(tx, id).await? {
                    return Err(Problem::from(Code::Changed).into());
                }
                return Ok(done);
            }
            let seen = caller.look(tx, id).await?;
            awaits_review(&seen)?;
            is_about(&seen, wish.run)?;
            is_free(tx, id, person).await?;
            let holding = Holding { submission: id, run: seen.machine.run, decision, words, phrase };
            let due_at = held::hold(tx, holding, person, &caller.by).await?;
            caller.end(tx, false, Held { id: id.0, due_at }).await
        })
    });
    settle(done.await)
}

/// Why a decision of the caller on this work would be refused now; `None` if it would be held.
pub async fn refusal(desk: &Desk, caller: &Caller, id: SubmissionId) -> Result<Option<Problem>, Problem> {
    let person = caller.person()?;
    let looked = desk.store.transaction("may_decide", |tx, _| {
        Box::pin(async move {
            awaits_review(&caller.look(tx, id).await?)?;
            is_free(tx, id, person).await
        })
    });
    match looked.await.map_err(Problem::from) {
        Ok(()) => Ok(None),
        Err(problem) if problem.code.status() < 500 => Ok(Some(problem)),
        Err(problem) => Err(problem),
    }
}

/// Refuses a work that another reviewer has open, or that has a held decision.
async fn is_free(tx: &mut Transaction, id: SubmissionId, person: PersonId) -> anyhow::Result<()> {
    if let Some(other) = reviews::claimant(tx, id, person).await? {
        return Err(Code::CardTaken.about(other.name).into());
    }
    if held::is_held(tx, id).await? {
        return Err(Problem::from(Code::DecisionHeld).into());
    }
    Ok(())
}

/// Undoes a decision of the caller that was not carried out yet: on one work, or their last one. The work is claimed
/// for them again.
pub async fn undo(desk: &Desk, caller: &Caller, id: Option<SubmissionId>) -> Result<Done<Work>, Problem> {
    let person = caller.person()?;
    let done = desk.store.transaction("undo", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                return Ok(done);
            }
            let undone = held::undo(tx, person, id).await?.ok_or(Code::NothingToUndo).map_err(Problem::from)?;
            caller.end(tx, false, Work { id: undone.0 }).await
        })
    });
    let done = settle(done.await)?;
    super::claim::open(desk, caller, SubmissionId(done.value.id)).await?;
    Ok(done)
}

/// Puts a work at the end of the caller's queues. Its place for other reviewers does not change.
pub async fn later(desk: &Desk, caller: &Caller, id: SubmissionId) -> Result<Done<Work>, Problem> {
    let person = caller.person()?;
    let done = desk.store.transaction("later", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                return Ok(done);
            }
            awaits_review(&caller.look(tx, id).await?)?;
            reviews::put_aside(tx, id, person).await?;
            caller.end(tx, false, Work { id: id.0 }).await
        })
    });
    settle(done.await)
}

/// Deletes a decision of the caller that could not be carried out, once they have read why.
pub async fn dismiss(desk: &Desk, caller: &Caller, decision: i64) -> Result<Done<bool>, Problem> {
    let person = caller.person()?;
    let done = desk.store.transaction("dismiss", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                return Ok(done);
            }
            let dismissed = held::dismiss(tx, person, decision).await?;
            caller.end(tx, false, dismissed).await
        })
    });
    settle(done.await)
}

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
    let seen = caller.look(tx, id).await?;
    let contest = seen.contest.clone();
    let holds = |role| person.is_some_and(|person| person.holds(&Holds::within(role, contest)));
    if !role.is_some_and(holds) {
        return Err(Problem::from(Code::RoleMissing).into());
    }
    is_about(&seen, run)?;
    Ok(seen)
}

fn failure(problem: &Problem) -> Failure {
    let (zh, en) = (problem.text(Lang::Zh), problem.text(Lang::En));
    Failure { code: problem.code.name().to_owned(), zh, en }
}

/// The words of a decision, and the phrase they are based on.
fn said(desk: &Desk, wish: &Wish) -> Result<(Option<String>, Option<String>), Problem> {
    let words = typed::optional("words", wish.words.as_deref(), Limit::REASON)?;
    if wish.decision == Decision::Accept {
        return Ok((words, None));
    }
    let Some(id) = wish.phrase.as_deref().filter(|id| !id.is_empty()) else { return Ok((words, None)) };
    let Some(phrase) = desk.catalogue.phrase(id) else {
        let all: Vec<&str> = desk.catalogue.phrases.iter().map(|it| it.id.as_str()).collect();
        return Err(Code::FieldWrong.about(Detail::from(all.join(", ")).of("phrase")));
    };
    Ok((words.or_else(|| Some(phrase.text(wish.lang).to_owned())), Some(phrase.id.clone())))
}

/// Refuses a decision about an earlier run: the newer one may have another verdict.
fn is_about(seen: &Seen, run: Option<u32>) -> Result<(), Problem> {
    match run {
        Some(run) if run != seen.machine.run => Err(Code::Changed.into()),
        Some(_) | None => Ok(()),
    }
}

fn awaits_review(seen: &Seen) -> Result<(), Problem> {
    match &seen.machine.state {
        State::AwaitingReview => Ok(()),
        other => Err(Code::StateWrong.about(in_states([other.name()]))),
    }
}
