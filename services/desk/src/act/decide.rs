//! Decide: a reviewer's decision is held for ten seconds, in which it can be undone; then a desk carries it out as
//! `review` would. The audit trail and the history record it when it is carried out, in the name of its person. Only
//! the pages of the queue use it: ten seconds for undo are for a person with a keyboard; a program or a command decides
//! at once, by `review`. A held decision that is overtaken is then refused, and the queue shows its reviewer why.
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::lang::Lang;
use pipeline::text::Limit;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::typed;
use runtime::store::people::held::{self, Holding};
use runtime::store::people::reviews;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::claim;
use super::review::Decision;
use super::{Caller, Done, settle};
use crate::Desk;
use checks::{require_awaiting_review, require_free, require_run};

mod checks;
mod due;

pub use due::carry_out;

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
    let said = Said::of(desk, &wish)?;
    wish.decision.event(said.words.clone())?;
    let (said, decision) = (&said, wish.decision.name());
    let done = desk.store.transaction("decide", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                // Sent again from a page in the browser's history, after it was undone: "done" would be wrong.
                if require_awaiting_review(&caller.lock(tx, id).await?).is_ok() && !held::is_held(tx, id).await? {
                    return Err(Problem::from(Code::Changed).into());
                }
                return Ok(done);
            }
            let seen = caller.lock(tx, id).await?;
            require_awaiting_review(&seen)?;
            require_run(&seen, wish.run)?;
            require_free(tx, id, person).await?;
            let (words, phrase) = (said.words.as_deref(), said.phrase.as_deref());
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
            require_awaiting_review(&caller.lock(tx, id).await?)?;
            require_free(tx, id, person).await
        })
    });
    match looked.await.map_err(Problem::from) {
        Ok(()) => Ok(None),
        Err(problem) if problem.code.status() < 500 => Ok(Some(problem)),
        Err(problem) => Err(problem),
    }
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
    claim::open(desk, caller, SubmissionId(done.value.id)).await?;
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
            require_awaiting_review(&caller.lock(tx, id).await?)?;
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

/// The words of a decision, and the phrase that they are based on.
struct Said {
    words: Option<String>,
    phrase: Option<String>,
}

impl Said {
    fn of(desk: &Desk, wish: &Wish) -> Result<Self, Problem> {
        let words = typed::optional("words", wish.words.as_deref(), Limit::REASON)?;
        let named = wish.phrase.as_deref().filter(|id| !id.is_empty() && wish.decision == Decision::Refuse);
        let Some(id) = named else { return Ok(Self { words, phrase: None }) };
        let Some(phrase) = desk.catalogue.phrase(id) else {
            let all: Vec<&str> = desk.catalogue.phrases.iter().map(|it| it.id.as_str()).collect();
            return Err(Code::FieldWrong.about(Detail::from(all.join(", ")).of("phrase")));
        };
        let words = words.or_else(|| Some(phrase.text(wish.lang).to_owned()));
        Ok(Self { words, phrase: Some(phrase.id.clone()) })
    }
}
