//! GET /checks: the desk's checks of its servers; `reelmill doctor` checks the machine as well.
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use runtime::problem::Problem;
use runtime::store::people::tokens::Role;

use super::{Here, Shell, Visit, page, shown};
use crate::Desk;
use crate::route::Route;
use crate::service::Neighbours;
use crate::view::checks::{Finding, Health, Looked, Words, checks};

pub(crate) fn routes() -> Vec<Route> {
    vec![page("/checks", &[Role::Operator, Role::Auditor], get(show))]
}

#[derive(Template)]
#[template(path = "checks.html")]
struct ChecksPage {
    shell: Shell,
    findings: Vec<Finding>,
}

async fn show(
    State(desk): State<Arc<Desk>>,
    State(neighbours): State<Neighbours>,
    visit: Visit,
) -> Result<Response, Problem> {
    let looked = Looked {
        store: &desk.store,
        broker: neighbours.broker.as_ref(),
        catalogue: Some(&desk.catalogue),
        keys: desk.keys.as_ref(),
        clock: &desk.clock,
        bounds: neighbours.bounds,
    };
    let mut findings = checks(looked).await;
    findings.sort_by_key(|finding| finding.health);
    shown(&ChecksPage { shell: visit.shell(Here::Checks), findings })
}

impl ChecksPage {
    fn words<'a>(&self, words: &'a Words) -> &'a str {
        self.shell.say.t(&words.zh, &words.en)
    }

    fn mark(&self, health: &Health) -> (&'static str, &'static str) {
        let say = self.shell.say;
        match health {
            Health::Good => (say.t("正常", "well"), "ok"),
            Health::Poor => (say.t("请查看", "needs a look"), "warn"),
            Health::Bad => (say.t("有故障", "wrong"), "bad"),
        }
    }
}
