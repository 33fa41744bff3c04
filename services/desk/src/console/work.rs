//! `/works/{id}`: everything about one work. The acts on it are in `work/acts`, the entrant's contact in
//! `work/contact`, the notes of staff in `work/note`.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;
use runtime::store::submissions::SubmissionRow;
use serde::Deserialize;

use super::{Asked, EVIDENCE, Here, READERS, Visit, page, rules, shown};
use crate::Desk;
use crate::names::{contest_name, theme_name};
use crate::roles::{AUDITOR, ORGANISER, SCREENER};
use crate::route::Route;
use crate::view::ahead::ahead;
use crate::view::audit::{self, Row as AuditRow, TrailFilter};
use crate::view::exchanges::{self, Exchange};
use crate::view::{trace, work};
use note::Notes;
use page::WorkPage;
use rows::{DeliveryRow, FormerRow, HistoryRow};

mod acts;
mod contact;
pub(super) mod note;
mod page;
mod rows;

/// Acts on a work that are shown with it; `/audit` has all of them.
const MOST_ACTS: u32 = 100;

pub(crate) fn routes() -> Vec<Route> {
    let work = vec![page("/works/{id}", READERS, get(whole))];
    [work, acts::routes(), contact::routes(), note::routes()].into_iter().flatten().collect()
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Notice {
    /// The act that was just done.
    done: Option<String>,
}

/// Shows a work.
async fn whole(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(row)): Extension<Subject>,
    Asked(notice): Asked<Notice>,
) -> Result<Response, Problem> {
    let (say, contest) = (visit.say, &row.contest);
    let caller = visit.caller(Some(contest))?;
    let work = work::work(&desk, &caller, &row).await?;
    let history = work::history(&desk, &row).await?;
    let shell = visit.shell(Here::Works);
    let shell = match notice.done.as_deref().and_then(|done| acts::done(done, say)) {
        Some(done) => shell.noting(done),
        None => shell,
    };
    let verdict = work.verdict.clone().or_else(|| work.first_look.clone());
    let shown_page = WorkPage {
        ahead: ahead(&work),
        contest: contest_name(&desk.catalogue, say, contest.as_str()),
        theme: theme_name(&desk.catalogue, say, Some(contest.as_str()), &work.theme),
        is_first_look: work.verdict.is_none() && verdict.is_some(),
        rules: verdict.map_or_else(Vec::new, |verdict| rules::lines(say, &verdict.rules)),
        former: work.former_films.iter().map(|film| FormerRow::of(film, say)).collect(),
        deliveries: work.deliveries.iter().map(|it| DeliveryRow::of(&desk, it, say)).collect(),
        history: history.iter().rev().map(|line| HistoryRow::of(&desk, line, say)).collect(),
        time: trace::trace(&desk, &row).await?,
        exchanges: exchanges_of(&desk, &visit, &row).await?,
        audit: acts_on(&desk, &visit, &row).await?,
        acts: acts::links(&desk, &visit, &row).await?,
        notes: Notes::of(&desk, say, &row, visit.caller_in(note::WRITERS, contest).is_some(), None).await?,
        may_see_contact: visit.caller_in(ORGANISER, contest).is_some(),
        reviews: work.state == "awaiting_review" && visit.caller_in(SCREENER, contest).is_some(),
        sha256: row.mezzanine_sha256.as_ref().map(hex::encode),
        work,
        catalogue: desk.catalogue.clone(),
        shell,
    };
    shown(&shown_page)
}

/// The exchanges with partners about a work, for a person who reads them.
async fn exchanges_of(desk: &Desk, visit: &Visit, row: &SubmissionRow) -> Result<Option<Vec<Exchange>>, Problem> {
    match visit.caller_in(EVIDENCE, &row.contest) {
        Some(_) => Ok(Some(exchanges::exchanges(desk, row, None).await?)),
        None => Ok(None),
    }
}

/// The newest acts on a work, for an auditor.
async fn acts_on(desk: &Desk, visit: &Visit, row: &SubmissionRow) -> Result<Option<Vec<AuditRow>>, Problem> {
    let Some(auditor) = visit.caller_in(AUDITOR, &row.contest) else { return Ok(None) };
    let filter = TrailFilter { submission: Some(row.id.0), limit: Some(MOST_ACTS), ..TrailFilter::default() };
    Ok(Some(audit::trail(desk, &auditor, &filter).await?.items))
}
