//! Release: opens the gate before publishing, for all partners of the plan or some, now or at a time. A later release adds partners.
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use pipeline::catalogue::Catalogue;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::part::{Part, PartToDo};
use pipeline::preflight::Texts;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::openapi::vocabulary::SubmissionState;
use runtime::serving::typed;
use runtime::store::partners::{deliveries, orders};
use runtime::warning::Warning;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Done, Seen, settle};
use crate::Desk;
use crate::names::in_states;

/// The partners that receive a finished work, and when.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Release {
    /// Only to these partners; a later release can add others. If absent, to all of the work's plan.
    pub partners: Option<BTreeSet<String>>,
    /// Not before this instant; immediately if absent.
    pub at: Option<DateTime<Utc>>,
    /// Only report what would follow.
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused if what the dry run saw has changed.
    pub digest: Option<String>,
    /// Why, for the audit trail.
    pub reason: Option<String>,
}

/// What a release starts, or would start.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Released {
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
    /// The partners to which a delivery starts.
    pub partners: Vec<Recipient>,
    /// Not before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Digest of what the act saw.
    pub digest: String,
}

/// A partner to which a delivery starts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Recipient {
    /// Its id in the catalogue.
    pub partner: String,
    /// How works are delivered to it, such as `drop` or `bag`.
    pub method: String,
    /// Hours of the day in Beijing in which works are sent, `[from, to)`; at any hour if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<(u32, u32)>,
    /// What the partner does not accept in the texts. Until it is corrected with `texts`, before the release or after,
    /// nothing is sent there.
    pub warnings: Vec<Warning>,
}

/// Releases a finished work. A release that starts no delivery is refused with `state_wrong`, also in a dry run: the
/// work is not finished, or every partner already has it.
pub async fn release(desk: &Desk, caller: &Caller, id: SubmissionId, wish: Release) -> Result<Done<Released>, Problem> {
    let partners = known(&desk.catalogue, wish.partners.clone())?;
    let by = caller.because(wish.reason.as_deref())?;
    let at = wish.at.map(|at| typed::moment("at", at)).transpose()?;
    let by = &by;
    let partners = partners.as_ref();
    let wish = &wish;
    let done = desk.store.transaction("release", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, wish.dry_run).await? {
                return Ok(done);
            }
            let seen = caller.lock(tx, id).await?;
            seen.unchanged_since(wish.digest.as_deref())?;
            let applied = orders::release(tx, desk.store.policy(), id, partners, at, by).await?;
            if !applied.changed {
                return Err(Code::StateWrong.about(in_states([seen.machine.state.name()])).into());
            }
            let own = deliveries::texts(&mut *tx, id).await?;
            let released = Released {
                id: id.0,
                was: seen.machine.state.name().to_owned(),
                state: applied.machine.state.name().to_owned(),
                run: applied.machine.run,
                partners: recipients(&desk.catalogue, &seen, &own, &applied.started),
                at,
                dry_run: wish.dry_run,
                digest: seen.digest(),
            };
            caller.end(tx, wish.dry_run, released).await
        })
    });
    settle(done.await)
}

/// The partners of a wish, each of which must be in the catalogue.
pub(crate) fn known(
    catalogue: &Catalogue,
    named: Option<BTreeSet<String>>,
) -> Result<Option<BTreeSet<PartnerId>>, Problem> {
    let Some(named) = named else { return Ok(None) };
    if named.is_empty() {
        return Err(Code::FieldWrong
            .about(Detail::new("至少一个，或省略此项", "at least one, or omit the field").of("partners")));
    }
    let partners: BTreeSet<PartnerId> = named.into_iter().map(PartnerId::new).collect();
    if partners.iter().any(|partner| catalogue.partner(partner).is_none()) {
        let all: Vec<_> = catalogue.partners.keys().map(PartnerId::as_str).collect();
        return Err(Code::PartnerUnknown.about(format!("partners: {}", all.join(", "))));
    }
    Ok(Some(partners))
}

fn recipients(
    catalogue: &Catalogue,
    seen: &Seen,
    own: &BTreeMap<PartnerId, Texts>,
    started: &[PartToDo],
) -> Vec<Recipient> {
    let entry = seen.form.entry();
    let recipient = |todo: &PartToDo| {
        let Part::Partner(id) = &todo.part else { return None };
        let partner = catalogue.partner(id);
        Some(Recipient {
            partner: id.to_string(),
            method: partner.map_or("unknown", |it| it.method.name()).to_owned(),
            hours: partner.and_then(|it| it.window).map(|it| (it.from_hour, it.to_hour)),
            warnings: entry.warnings(catalogue, &seen.contest, id, own.get(id)),
        })
    };
    started.iter().filter_map(recipient).collect()
}
