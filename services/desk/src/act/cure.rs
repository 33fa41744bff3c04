//! Cure: opens a window for one work, in which its entrant may replace the film and correct the texts although the
//! deadline has passed or review has begun. It ends automatically.
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use pipeline::catalogue::Contest;
use pipeline::id::SubmissionId;
use pipeline::replacing::{Circumstances, Cure as Window, may_correct, may_replace};
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::openapi::vocabulary::SubmissionState;
use runtime::store::submissions::cures;
use runtime::store::submissions::former::{self, Facts};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Done, missing_reason, settle};
use crate::Desk;
use crate::names::in_states;

/// The end of a window is at most this many days ahead: one typed with the wrong year would otherwise hardly ever end.
pub const MOST_DAYS: i64 = 90;

/// A cure window for one work.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cure {
    /// Its end, at most 90 days ahead. If a window is open, its end is moved. Absent: the open window is closed now.
    pub until: Option<DateTime<Utc>>,
    /// What the entrant has to correct; the entrant reads this text. Required to open a window; stored in the audit trail, too.
    pub reason: Option<String>,
    /// Only report what would follow.
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused if what the dry run saw has changed.
    pub digest: Option<String>,
}

/// What the entrant may do from now on, or could.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Cured {
    /// The work.
    pub id: Uuid,
    /// Its state, which a window does not change.
    #[schema(value_type = SubmissionState)]
    pub state: String,
    /// The former end of the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was_until: Option<DateTime<Utc>>,
    /// The end of the window; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Whether the entrant may send a film: another one, or the first if none has arrived.
    pub film: bool,
    /// Whether the entrant may correct the form.
    pub form: bool,
    /// Instant before which a film has to be complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_before: Option<DateTime<Utc>>,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Digest of what the act saw.
    pub digest: String,
}

/// Opens a window, moves its end, or closes it. Refused with `state_wrong` if it would permit the entrant nothing: an
/// accepted work must be screened again first (`reprocess`).
pub async fn cure(desk: &Desk, caller: &Caller, id: SubmissionId, wish: Cure) -> Result<Done<Cured>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let now = desk.clock.now();
    let window = match (wish.until, by.reason.clone()) {
        (None, _) => None,
        (Some(_), None) => return Err(missing_reason()),
        (Some(until), Some(reason)) => Some(Window { until: sensible(until, now)?, reason }),
    };
    let by = &by;
    let wish = &wish;
    let window = window.as_ref();
    let done = desk.store.transaction("cure", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, wish.dry_run).await? {
                return Ok(done);
            }
            let seen = caller.lock(tx, id).await?;
            seen.unchanged_since(wish.digest.as_deref())?;
            let facts = former::locked_facts(tx, id).await?;
            let allowed = Allowed::of(desk.contest(&facts.contest)?, &facts, window, now);
            if window.is_some() && allowed.nothing() {
                return Err(Code::StateWrong.about(in_states([facts.work.state.name()])).into());
            }
            cures::set_cure(tx, id, facts.cure.as_ref(), window, by).await?;
            let Allowed { film, form, finish_before } = allowed;
            let cured = Cured {
                id: id.0,
                state: facts.work.state.name().to_owned(),
                was_until: facts.cure.map(|it| it.until),
                until: window.map(|it| it.until),
                film,
                form,
                finish_before,
                dry_run: wish.dry_run,
                digest: seen.digest(),
            };
            caller.end(tx, wish.dry_run, cured).await
        })
    });
    settle(done.await)
}

/// Whether a window would permit the entrant anything now.
pub(super) fn would_help(contest: &Contest, facts: &Facts, now: DateTime<Utc>) -> bool {
    let window = Window { until: now + TimeDelta::days(1), reason: String::new() };
    !Allowed::of(contest, facts, Some(&window), now).nothing()
}

/// What an entrant may do with a window.
struct Allowed {
    film: bool,
    form: bool,
    finish_before: Option<DateTime<Utc>>,
}

impl Allowed {
    fn of(contest: &Contest, facts: &Facts, window: Option<&Window>, now: DateTime<Utc>) -> Self {
        let circumstances = Circumstances { cure: window, ..facts.circumstances(contest, now) };
        let first = facts.work.takes_upload() && contest.takes(window, now);
        let (film, form) = (first || may_replace(&circumstances).is_ok(), may_correct(&circumstances).is_ok());
        Self { film, form, finish_before: contest.finish_before(window).filter(|_| film) }
    }

    fn nothing(&self) -> bool {
        !self.film && !self.form
    }
}

/// The end of a window, to the second.
fn sensible(until: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
    let until = until.trunc_subsecs(0);
    if now < until && until <= now + TimeDelta::days(MOST_DAYS) {
        return Ok(until);
    }
    let said = Detail::new(
        format!("须晚于现在，且在 {MOST_DAYS} 天以内"),
        format!("later than now, at most {MOST_DAYS} days ahead"),
    );
    Err(Code::FieldWrong.about(said.of("until")))
}
