//! POST /api/v1/submissions/{id}/release: the gate before publishing, for all partners or some, now or at a time.
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use pipeline::id::PartnerId;
use pipeline::part::{Part, PartToDo};
use pipeline::submission::Event;
use runtime::store::people;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::act::{Act, Answered};
use crate::access::Subject;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::typed;

/// To whom a finished entry goes, and when.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Release {
    /// Only to these partners; a later release adds others. To all of its plan if absent.
    partners: Option<BTreeSet<String>>,
    /// Not before this instant; at once if absent.
    at: Option<DateTime<Utc>>,
    /// Only say what would follow.
    #[serde(default)]
    dry_run: bool,
    /// Why, for the audit trail.
    reason: Option<String>,
}

/// What a release starts.
#[derive(Serialize, ToSchema)]
pub(crate) struct Released {
    id: Uuid,
    /// State behind it.
    state: &'static str,
    run: u32,
    /// Who gets it now that did not before.
    partners: Vec<String>,
    /// Not before this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<DateTime<Utc>>,
    /// Whether nothing was done.
    dry_run: bool,
}

/// Releases a finished entry to partners, or adds further ones.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/release", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")), request_body = Release,
    responses((status = 200, description = "Released, or what that would do", body = Released)))]
pub(crate) async fn release(
    State(app): State<Arc<App>>,
    Extension(Subject(entry)): Extension<Subject>,
    act: Act,
) -> Result<Answered, Problem> {
    let wish: Release = act.body()?;
    let partners = known(&app, wish.partners)?;
    let by = act.by(wish.reason.as_deref())?;
    let at = wish.at.map(|at| typed::moment("at", at)).transpose()?;
    let (dry_run, id, policy) = (wish.dry_run, entry.id, app.store.policy());
    let (act, partners, by, machine) = (&act, partners.as_ref(), &by, &entry.machine);
    let answer = app.store.transaction("desk_release", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let (machine, started) = if dry_run {
                // The state machine itself says what would follow.
                let mut machine = machine.clone();
                let started = machine.advance(Event::Released { partners: partners.cloned() });
                (machine, started)
            } else {
                let applied = people::release(tx, policy, id, partners, at, by).await?;
                if !applied.changed {
                    return Err(Code::StateWrong.about(applied.machine.state.name()).into());
                }
                (applied.machine, applied.started)
            };
            let released = Released {
                id: id.0,
                state: machine.state.name(),
                run: machine.run,
                partners: partners_of(&started),
                at,
                dry_run,
            };
            act.end(tx, StatusCode::OK, &released).await
        })
    });
    Ok(Answered(answer.await?))
}

/// Partners that the catalogue has, or a problem that names the first it has not.
pub(super) fn known(app: &App, named: Option<BTreeSet<String>>) -> Result<Option<BTreeSet<PartnerId>>, Problem> {
    let Some(named) = named else { return Ok(None) };
    if named.is_empty() {
        return Err(Code::FieldWrong.about("partners: at least one, or none of the field"));
    }
    let partners: BTreeSet<PartnerId> = named.into_iter().map(PartnerId::new).collect();
    match partners.iter().position(|partner| app.catalogue.partner(partner).is_none()) {
        Some(at) => Err(Code::FieldWrong.about(format!("partners: the catalogue has no such partner at {at}"))),
        None => Ok(Some(partners)),
    }
}

fn partners_of(started: &[PartToDo]) -> Vec<String> {
    let partner = |todo: &PartToDo| match &todo.part {
        Part::Partner(partner) => Some(partner.to_string()),
        Part::Mezzanine | Part::Segment(_) | Part::Audio | Part::Rendition(_) => None,
    };
    started.iter().filter_map(partner).collect()
}
