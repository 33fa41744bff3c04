//! POST /api/v1/submissions/{id}/recall: a work is taken back, from everybody who has it or may have it or from some.
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use pipeline::delivery::Observed;
use pipeline::id::{PartnerId, SubmissionId};
use runtime::store::people;
use runtime::store::recalls::RecallTerms;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::release::known;
use crate::Desk;
use runtime::problem::{Code, Problem};
use runtime::serving::act::{Act, Answered};
use runtime::serving::principal::Subject;

/// From whom a work is taken back, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recall {
    /// Why; no personal data.
    reason: String,
    /// Only from these partners; the work as a whole is revoked if absent.
    partners: Option<BTreeSet<String>>,
    /// Only say who would be asked.
    #[serde(default)]
    dry_run: bool,
}

/// What a recall starts.
#[derive(Serialize, ToSchema)]
pub(crate) struct Recalled {
    id: Uuid,
    /// State behind it.
    state: &'static str,
    run: u32,
    /// Whoever has it or may have it, and is asked to remove it.
    partners: Vec<Asked>,
    /// Whether nothing was done.
    dry_run: bool,
}

/// A partner that is asked to remove a work.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct Asked {
    partner: String,
    /// Where the delivery stood when the request came.
    stood: &'static str,
    /// How long it has until it must be proven that the work is gone.
    within_hours: u32,
}

/// Takes a work back from every partner that has it or may have it, or from some. Its film is kept from then on.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/recall", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")), request_body = Recall,
    responses((status = 200, description = "Recalling, or whom that would ask", body = Recalled)))]
pub(crate) async fn recall(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
    act: Act,
) -> Result<Answered, Problem> {
    let wish: Recall = act.body()?;
    let by = act.by(Some(&wish.reason))?;
    let Some(reason) = by.reason.clone() else { return Err(Code::FieldWrong.about("reason: 1 to 500 characters")) };
    let partners = known(&desk, wish.partners)?;
    let asked = asked(&desk, entry.id, partners.as_ref()).await?;
    let within = desk.catalogue.partners.values();
    let within = within.map(|it| (it.id.clone(), Duration::from_secs(u64::from(it.recall_within_h) * 3600))).collect();
    let terms = RecallTerms { reason: Some(reason), within };
    let (dry_run, id, policy) = (wish.dry_run, entry.id, desk.store.policy());
    let (act, partners, by, terms, asked, machine) = (&act, partners.as_ref(), &by, &terms, &asked, &entry.machine);
    let answer = desk.store.transaction("desk_recall", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let (state, run) = if dry_run {
                (machine.state.name(), machine.run)
            } else {
                let applied = people::recall(tx, policy, id, partners, terms, by).await?;
                let state = applied.machine.state.name();
                if !applied.changed {
                    return Err(Code::StateWrong.about(state).into());
                }
                (state, applied.machine.run)
            };
            let body = Recalled { id: id.0, state, run, partners: asked.clone(), dry_run };
            act.end(tx, StatusCode::OK, &body).await
        })
    });
    Ok(Answered(answer.await?))
}

/// Whom a recall concerns.
async fn asked(desk: &Desk, id: SubmissionId, partners: Option<&BTreeSet<PartnerId>>) -> anyhow::Result<Vec<Asked>> {
    let rows = desk.store.deliveries(id).await?.into_iter();
    let concerned = rows.filter(|row| partners.is_none_or(|some| some.contains(&row.partner)));
    let asked = concerned.filter(|row| !matches!(row.machine.observed, Observed::Recalled { .. })).map(|row| Asked {
        stood: row.machine.observed.name(),
        within_hours: desk.catalogue.partner(&row.partner).map_or(24, |partner| partner.recall_within_h),
        partner: row.partner.to_string(),
    });
    Ok(asked.collect())
}
