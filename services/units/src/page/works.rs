//! `/units/{contest}/{unit}/works`: the receipts of all works that the unit entered, on one page that prints as a list
//! to stamp. From there, each work's own page can be opened.
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use desk::site::{Asked, Here, Nothing, Sent, Shell, Visit, shown};
use pages::serve::see;
use pipeline::catalogue::{Contest, Unit};
use pipeline::person::Role;
use runtime::problem::Problem;
use runtime::store::entry::units::{Of, WorkRow};
use serde::Deserialize;
use upload::by_unit::{self, lend_entry, work_of};

use crate::state::Units;

#[derive(Template)]
#[template(path = "unit_works.html")]
struct WorksPage {
    shell: Shell,
    contest: Contest,
    unit: Unit,
    base: String,
    works: Vec<WorkRow>,
}

impl WorksPage {
    fn theme(&self, id: &str) -> String {
        self.contest.theme(id).map_or(id, |theme| self.shell.say.t(&theme.zh, &theme.en)).to_owned()
    }

    fn waiting(&self) -> usize {
        self.works.iter().filter(|work| work.state == "uploading").count()
    }
}

/// How many works were just entered.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Query {
    entered: Option<u32>,
}

/// GET.
pub(crate) async fn works(
    State(units): State<Units>,
    visit: Visit,
    Extension(of): Extension<Of>,
    Asked(query): Asked<Query>,
) -> Result<Response, Problem> {
    let (contest, unit) = units.found(&of)?;
    let mut shell = visit.shell(Here::Elsewhere);
    if let Some(entered) = query.entered {
        let said = shell.say.t(
            "已报送 {n} 件作品。请打印回执清单，并上传影片。",
            "{n} works were entered. Print the list of receipts, and send the films.",
        );
        shell = shell.noting(said.replace("{n}", &entered.to_string()));
    }
    let works = units.app.store.works_of_unit(&of).await?;
    shown(&WorksPage { shell, contest: contest.clone(), unit: unit.clone(), base: super::path(&of), works })
}

/// The work in an address.
#[derive(Deserialize)]
pub(crate) struct OfWork {
    receipt: String,
}

/// POST …/works/{receipt}: opens the page of a work, with the key under which the unit entered it.
pub(crate) async fn open(
    State(units): State<Units>,
    visit: Visit,
    Extension(of): Extension<Of>,
    Path(OfWork { receipt }): Path<OfWork>,
    _: Sent<Nothing>,
) -> Result<Response, Problem> {
    let work = work_of(&units.app, &of, &receipt).await?;
    let key = by_unit::open(&units.app, &work, &visit.by(Role::Recommender)).await?;
    let mut response = see(format!("/entries/{}", work.receipt));
    response.headers_mut().insert(SET_COOKIE, lend_entry(&units.app, &work.receipt, &key));
    Ok(response)
}
