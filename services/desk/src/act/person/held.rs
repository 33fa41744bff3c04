//! Roles as wishes name them.
use std::collections::BTreeSet;

use pipeline::person::Held;
use runtime::problem::{Code, Detail, Problem};

use crate::Desk;
use crate::act::{at_most, contest_named, role_named, unit_named};
use crate::view::persons::HeldRole;

/// Most roles of a wish: every role in more contests than there are.
const ROLES: usize = 100;

/// The roles of a field. The contest of a role to give must be in the catalogue: a typing error would create a role
/// without effect.
pub(super) fn held(desk: &Desk, field: &str, roles: &[HeldRole], known: bool) -> Result<BTreeSet<Held>, Problem> {
    if roles.len() > ROLES {
        return Err(Code::FieldWrong.about(at_most(ROLES).of(field)));
    }
    let read = |it: &HeldRole| {
        let role = role_named(&format!("{field}.role"), &it.role)?;
        let contest = it.contest.as_deref().map(|contest| contest_named(desk, contest, known)).transpose()?;
        let unit = match (&contest, it.unit.as_deref()) {
            (Some(contest), Some(unit)) => Some(unit_named(desk, contest, unit, known)?),
            (_, None) => None,
            (None, Some(_)) => return Err(Code::FieldWrong.about("unit")),
        };
        let held = Held { role, contest, unit };
        let how = || {
            Detail::new(
                "报送人须写作 recommender@活动/单位，其他角色不带单位",
                "a recommender is written recommender@CONTEST/UNIT; no other role has a unit",
            )
        };
        if held.fits() { Ok(held) } else { Err(Code::FieldWrong.about(how().of(field))) }
    };
    roles.iter().map(read).collect()
}
