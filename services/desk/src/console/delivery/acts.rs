//! The acts of people on a delivery: each returns to the page, with the problem and the input if it was refused.
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use pipeline::id::PartnerId;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;
use runtime::store::submissions::SubmissionRow;

use super::at::At;
use super::forms::{ConfirmForm, Entered, TextsForm, given};
use super::page::{Around, whole};
use crate::Desk;
use crate::act::confirm::{Confirm, confirm};
use crate::act::deliver::{Deliver, deliver};
use crate::act::evidence::encoded;
use crate::act::recalled::{ProveRemoval, recalled};
use crate::act::texts::texts;
use crate::console::{Filed, Here, Sent, Visit, again, see, shown};

pub(super) async fn delivered(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    filed: Filed,
) -> Result<Response, Problem> {
    let caller = filed.caller(&visit, Some(&work.contest))?;
    let entered = Entered::of(&filed);
    let wish = entered.seen_at().map(|seen_at| Deliver {
        url: given(&entered.url),
        picture: filed.file().map(encoded),
        receipt: given(&entered.receipt),
        seen_at,
        reason: given(&entered.reason),
        ..Deliver::default()
    });
    let done = match wish {
        Ok(wish) => deliver(&desk, &caller, work.id, &at.partner(), wish).await.map(drop),
        Err(problem) => Err(problem),
    };
    after(&desk, &visit, &work, &at.partner(), done, Around { entered, ..Around::default() }).await
}

pub(super) async fn removed(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    filed: Filed,
) -> Result<Response, Problem> {
    let caller = filed.caller(&visit, Some(&work.contest))?;
    let entered = Entered::of(&filed);
    let wish = entered.seen_at().map(|seen_at| ProveRemoval {
        url: given(&entered.url),
        picture: filed.file().map(encoded),
        seen_at,
        insists: filed.field("insists").is_some(),
        reason: given(&entered.reason),
        ..ProveRemoval::default()
    });
    let done = match wish {
        Ok(wish) => recalled(&desk, &caller, work.id, &at.partner(), wish).await.map(drop),
        Err(problem) => Err(problem),
    };
    after(&desk, &visit, &work, &at.partner(), done, Around { entered, ..Around::default() }).await
}

pub(super) async fn confirmed(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    sent: Sent<ConfirmForm>,
) -> Result<Response, Problem> {
    let caller = sent.caller(&visit, Some(&work.contest))?;
    let wish = Confirm { reason: sent.form.reason, ..Confirm::default() };
    let done = confirm(&desk, &caller, work.id, &at.partner(), wish).await.map(drop);
    after(&desk, &visit, &work, &at.partner(), done, Around::default()).await
}

pub(super) async fn written(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    sent: Sent<TextsForm>,
) -> Result<Response, Problem> {
    let looks = sent.form.look == Some(true);
    let caller = sent.caller(&visit, Some(&work.contest))?;
    let done = texts(&desk, &caller, work.id, &at.partner(), sent.form.wish(looks)).await;
    let around = Around { texts: Some(sent.form), ..Around::default() };
    match done {
        Ok(done) if looks => {
            let around = Around { warnings: Some(done.value.warnings), ..around };
            shown(&whole(&desk, &visit, visit.shell(Here::Deliveries), &work, &at.partner(), around).await?)
        }
        done => after(&desk, &visit, &work, &at.partner(), done.map(drop), around).await,
    }
}

/// After an act, redirects the browser to the page; after a refusal, shows the page with the problem and the input.
async fn after(
    desk: &Desk,
    visit: &Visit,
    work: &SubmissionRow,
    partner: &PartnerId,
    done: Result<(), Problem>,
    around: Around,
) -> Result<Response, Problem> {
    let Err(problem) = done else { return Ok(see(format!("/works/{}/deliveries/{partner}", work.id))) };
    let shell = visit.shell(Here::Deliveries).with(&problem);
    again(&problem, &whole(desk, visit, shell, work, partner, around).await?)
}
