//! GET /: what waits for the person, the progress of contests, and what is wrong.
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use pipeline::catalogue::Catalogue;
use pipeline::id::ContestId;
use runtime::problem::Problem;
use runtime::store::people::tokens::Role;
use runtime::store::watching::listing::Count;

use super::trouble::Row;
use super::{Here, Shell, Visit, address, page, shown};
use crate::Desk;
use crate::names::contest_name;
use crate::roles::SCREENER;
use crate::route::Route;
use crate::view::home::{self, Home, Outlook, Waits, What};
use crate::view::queue::{self, Line};

pub(crate) fn routes() -> Vec<Route> {
    vec![page("/", &[], get(show))]
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    shell: Shell,
    catalogue: Arc<Catalogue>,
    home: Home,
    trouble: Vec<Row>,
    /// The queues of a person who screens.
    queues: Vec<Line>,
}

async fn show(State(desk): State<Arc<Desk>>, visit: Visit) -> Result<Response, Problem> {
    let home = home::home(&desk, &visit.person).await?;
    let (shell, catalogue) = (visit.shell(Here::Home), desk.catalogue.clone());
    let retries = shell.is(Role::Operator);
    let trouble = home.trouble.iter().map(|item| Row::of(&catalogue, item, retries, shell.say)).collect();
    let queues = match shell.is(Role::Screener) {
        true => queue::queues(&desk, &visit.in_one_of(SCREENER).caller(None)?).await?,
        false => Vec::new(),
    };
    shown(&HomePage { shell, catalogue, home, trouble, queues })
}

impl HomePage {
    /// The list of exactly these.
    fn list(&self, waits: &Waits) -> String {
        let (path, mut query) = match waits.what {
            What::Review => ("/works", vec![("state", "awaiting_review")]),
            What::Release => ("/works", vec![("state", "awaiting_release")]),
            What::ByHand => ("/deliveries", vec![("waits", "person")]),
            What::Recalls => ("/deliveries", vec![("waits", "recall")]),
            What::Parked => ("/trouble", vec![]),
            What::Credentials => ("/partners", vec![]),
        };
        query.extend(waits.contest.as_ref().map(|contest| ("contest", contest.as_str())));
        address(path, query)
    }

    fn contest(&self, id: &ContestId) -> String {
        contest_name(&self.catalogue, self.shell.say, id.as_str())
    }

    fn what(&self, waits: &Waits) -> &'static str {
        let (zh, en) = match waits.what {
            What::Review => ("件作品待初筛", "works await screening"),
            What::Release => ("件作品待发布", "works await release"),
            What::ByHand => ("件作品的投放待人工办理", "works wait for a person at a partner"),
            What::Recalls => ("件作品待证明已下架", "works with a recall that is not proven"),
            What::Parked => ("件作品有任务停下", "works have parked parts"),
            What::Credentials => ("个平台账号的凭证被拒绝", "partner accounts refuse our credentials"),
        };
        self.shell.say.t(zh, en)
    }

    /// The first page for the person: the queue, for those who screen.
    fn begin(&self, waits: &Waits) -> Option<&'static str> {
        (waits.what == What::Review && waits.count.value > 0).then_some("/queue/screening")
    }

    fn name<'a>(&self, outlook: &'a Outlook) -> &'a str {
        self.shell.say.t(&outlook.zh, &outlook.en)
    }

    fn per_day(&self, count: &Count, days: &f64) -> String {
        let per_day = f64::from(count.value) / days;
        if per_day >= 10.0 { format!("{per_day:.0}") } else { format!("{per_day:.1}") }
    }

    /// `3`, or `3.5` where that matters.
    fn days(&self, days: &f64) -> String {
        if *days >= 3.0 { format!("{days:.0}") } else { format!("{days:.1}") }
    }
}
