//! Review: the gate after screening, opened or closed by a person.
use pipeline::id::SubmissionId;
use pipeline::submission::Event;
use pipeline::text::Limit;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::openapi::vocabulary::SubmissionState;
use runtime::serving::typed;
use runtime::store::Transaction;
use runtime::store::submissions;
use runtime::store::submissions::history::By;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Done, Seen, settle};
use crate::Desk;
use crate::names::in_states;

/// A reviewer's decision.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// `accept` or `refuse`.
    pub decision: Decision,
    /// Why it is refused; the entrant reads this text. Required with a refusal, and allowed only there.
    #[serde(default)]
    pub words: Option<String>,
    /// Only report what would follow.
    #[serde(default)]
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused if what the dry run saw has changed.
    #[serde(default)]
    pub digest: Option<String>,
    /// Why, for the audit trail.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Its renditions are made.
    Accept,
    /// It is refused permanently.
    Refuse,
}

impl Decision {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Decision::Accept => "accept",
            Decision::Refuse => "refuse",
        }
    }

    /// The decision of this name.
    pub fn called(name: &str) -> Option<Self> {
        [Decision::Accept, Decision::Refuse].into_iter().find(|it| it.name() == name)
    }

    /// Its effect on a work. Words are required with a refusal, and only there.
    pub(crate) fn event(self, words: Option<String>) -> Result<Event, Problem> {
        let wrong = |zh, en| Err(Code::FieldWrong.about(Detail::new(zh, en).of("words")));
        match (self, words) {
            (Decision::Accept, None) => Ok(Event::ReviewAccepted),
            (Decision::Refuse, Some(words)) => Ok(Event::ReviewRefused { words }),
            (Decision::Accept, Some(_)) => wrong("仅在退回时填写", "only with a refusal"),
            (Decision::Refuse, None) => wrong("须为 1 至 500 个字符", "1 to 500 characters"),
        }
    }
}

/// The state of a work after the decision.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Reviewed {
    /// The work.
    pub id: Uuid,
    /// State before.
    #[schema(value_type = SubmissionState)]
    pub was: String,
    /// State after.
    #[schema(value_type = SubmissionState)]
    pub state: String,
    /// The work's run.
    pub run: u32,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Digest of what the act saw.
    pub digest: String,
}

/// Accepts or refuses a work that awaits review. In any other state the act is refused with `state_wrong`.
pub async fn review(desk: &Desk, caller: &Caller, id: SubmissionId, wish: Review) -> Result<Done<Reviewed>, Problem> {
    let words = typed::optional("words", wish.words.as_deref(), Limit::REASON)?;
    let event = wish.decision.event(words)?;
    let by = caller.because(wish.reason.as_deref())?;
    let by = &by;
    let event = &event;
    let dry_run = wish.dry_run;
    let digest = wish.digest.as_deref();
    let done = desk.store.transaction("review", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, dry_run).await? {
                return Ok(done);
            }
            let seen = caller.lock(tx, id).await?;
            seen.unchanged_since(digest)?;
            let reviewed = decided(desk, tx, &seen, event, by).await?;
            caller.end(tx, dry_run, Reviewed { dry_run, ..reviewed }).await
        })
    });
    settle(done.await)
}

/// Decides on a work that was read in this transaction. A refusal changes nothing.
pub(super) async fn decided(
    desk: &Desk,
    tx: &mut Transaction,
    seen: &Seen,
    event: &Event,
    by: &By,
) -> anyhow::Result<Reviewed> {
    let was = seen.machine.state.name();
    let applied = submissions::apply(tx, desk.store.policy(), seen.id, event, by).await?;
    if !applied.changed {
        return Err(Code::StateWrong.about(in_states([was])).into());
    }
    let (state, run) = (applied.machine.state.name().to_owned(), applied.machine.run);
    Ok(Reviewed { id: seen.id.0, was: was.to_owned(), state, run, dry_run: false, digest: seen.digest() })
}
