//! `/units`: the units of the signed-in person. With only one unit, redirects to its page.
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use desk::site::{Here, Shell, Visit, shown};
use pages::serve::see;
use pipeline::catalogue::{Contest, Unit};
use pipeline::id::{ContestId, UnitId};
use runtime::problem::Problem;

use crate::state::Units;

#[derive(Template)]
#[template(path = "units.html")]
struct HomePage {
    shell: Shell,
    units: Vec<(Contest, Unit)>,
}

/// GET.
pub(crate) async fn home(State(units): State<Units>, visit: Visit) -> Result<Response, Problem> {
    let catalogue = &units.app.catalogue;
    let known = |(contest, unit): (&ContestId, &UnitId)| {
        let contest = catalogue.contest(contest)?;
        Some((contest.clone(), contest.unit(unit)?.clone()))
    };
    let theirs: Vec<(Contest, Unit)> = visit.person().recommends_for().filter_map(known).collect();
    if let [(contest, unit)] = &theirs[..] {
        return Ok(see(super::path(&upload::by_unit::of(contest, unit))));
    }
    shown(&HomePage { shell: visit.shell(Here::Elsewhere), units: theirs })
}
