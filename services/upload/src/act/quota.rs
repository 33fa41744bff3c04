//! The deadline and the quota of a recommending unit.
use chrono::{DateTime, Utc};
use pipeline::catalogue::{Contest, Unit};
use pipeline::form::{Checked, id};
use pipeline::id::SubmissionId;
use runtime::problem::{Code, Problem};
use runtime::store::Transaction;
use runtime::store::entry::units;

/// Who says that a unit recommends a work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamedBy {
    /// A person of the unit.
    Unit,
    /// The entrant's form.
    Entrant,
}

impl NamedBy {
    /// Who said it of a work that is there.
    pub(super) async fn of(tx: &mut Transaction, work: SubmissionId) -> anyhow::Result<Self> {
        Ok(if units::is_entered_by_unit(tx, work).await? { Self::Unit } else { Self::Entrant })
    }
}

/// Refuses a work for a unit whose deadline has passed.
pub(super) fn unit_accepts(unit: &Unit, now: DateTime<Utc>) -> Result<(), Problem> {
    let at = unit.deadline.map_or(String::new(), |it| it.to_rfc3339());
    if unit.accepts(now) { Ok(()) } else { Err(Code::UnitDeadlinePassed.about(at)) }
}

/// Refuses a work whose recommending unit cannot enter more: past its deadline, or beyond its quota. Works of one unit
/// are entered one after the other, so that two at once cannot both take the last place.
///
/// A unit's own works are counted alone, so that strangers who name the unit in their forms take none of its places.
pub(super) async fn check_quota(
    tx: &mut Transaction,
    contest: &Contest,
    form: &Checked,
    by: NamedBy,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let Some(unit) = contest.unit_named(form.text(id::UNIT)) else { return Ok(()) };
    unit_accepts(unit, now)?;
    check_places(tx, contest, unit, by).await
}

/// The quota alone.
pub(super) async fn check_places(
    tx: &mut Transaction,
    contest: &Contest,
    unit: &Unit,
    by: NamedBy,
) -> anyhow::Result<()> {
    let Some(quota) = unit.quota else { return Ok(()) };
    let names: Vec<String> = unit.names().map(ToOwned::to_owned).collect();
    units::in_turn(tx, &contest.id, &unit.id).await?;
    let count = match by {
        NamedBy::Unit => units::entered_by(tx, &contest.id, &unit.id).await?,
        NamedBy::Entrant => units::naming(tx, &contest.id, &names).await?,
    };
    if count >= quota {
        return Err(Code::UnitQuotaFull.about(quota.to_string()).into());
    }
    Ok(())
}
