//! Fields of wishes that several acts have.
use pipeline::id::{ContestId, UnitId};
use pipeline::person::Role;
use runtime::problem::{Code, Detail, Problem};

use crate::Desk;

/// The problem of an act that needs a reason and has none.
pub(crate) fn missing_reason() -> Problem {
    Code::FieldWrong.about(Detail::new("须为 1 至 500 个字符", "1 to 500 characters").of("reason"))
}

/// The allowed number.
pub(crate) fn at_most(most: usize) -> Detail {
    Detail::new(format!("至多 {most} 项"), format!("at most {most}"))
}

/// A unit of a contest by its id; with `known` it must be in the catalogue.
pub(crate) fn unit_named(desk: &Desk, contest: &ContestId, id: &str, known: bool) -> Result<UnitId, Problem> {
    let contest = desk.catalogue.contest(contest);
    let parsed = id.parse::<UnitId>().ok();
    parsed.filter(|it| !known || contest.is_some_and(|contest| contest.unit(it).is_some())).ok_or_else(|| {
        let all: Vec<_> = contest.iter().flat_map(|it| &it.units).map(|unit| unit.id.as_str()).collect();
        Code::FieldWrong.about(format!("unit: {}", all.join(", ")))
    })
}

/// A role by its name.
pub(crate) fn role_named(field: &str, name: &str) -> Result<Role, Problem> {
    let all = || Role::ALL.map(Role::name).join(", ");
    name.parse().map_err(|_| Code::FieldWrong.about(format!("{field}: {}", all())))
}

/// A contest by its id; with `known` it must be in the catalogue.
pub(crate) fn contest_named(desk: &Desk, id: &str, known: bool) -> Result<ContestId, Problem> {
    let parsed = id.parse::<ContestId>().ok();
    parsed.filter(|it| !known || desk.catalogue.contest(it).is_some()).ok_or_else(|| {
        let all: Vec<_> = desk.catalogue.contests.keys().map(ContestId::as_str).collect();
        Code::ContestUnknown.about(all.join(", "))
    })
}
