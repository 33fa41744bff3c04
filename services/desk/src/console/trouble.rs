//! `/trouble`: everything that does not continue automatically, the most pressing first, each with a link to the page
//! where it is fixed.
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use pages::Say;
use pipeline::catalogue::Catalogue;
use pipeline::id::ContestId;
use runtime::problem::Problem;
use runtime::store::people::tokens::Role;
use serde::Deserialize;
use uuid::Uuid;

use super::{Asked, Choice, Here, READERS, Shell, Visit, choices, contests_seen, page, shown};
use crate::Desk;
use crate::names::{failure, partner_name, place_name};
use crate::route::Route;
use crate::view::trouble::{self, Item, TroubleFilter};

/// Items of the page; more than that is an outage, which is visible in the first ones.
const MOST: u32 = 100;

pub(crate) fn routes() -> Vec<Route> {
    vec![page("/trouble", READERS, get(list))]
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Query {
    contest: Option<String>,
}

/// One thing that needs a person.
pub(super) struct Row {
    pub(super) what: &'static str,
    /// Whether it is overdue, or works wait for it.
    pub(super) urgent: bool,
    pub(super) work: Option<Uuid>,
    /// The work's title, or the account's partner.
    pub(super) title: String,
    /// The part or partner.
    pub(super) place: String,
    pub(super) age: String,
    pub(super) due: Option<String>,
    pub(super) words: Option<String>,
    /// The page where it is fixed, and what to do there.
    pub(super) href: String,
    pub(super) cure: &'static str,
    /// For a trouble without a page: the command to type.
    pub(super) command: Option<String>,
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage {
    shell: Shell,
    rows: Vec<Row>,
    contests: Vec<Choice>,
    full: bool,
}

/// Lists what needs a person.
async fn list(State(desk): State<Arc<Desk>>, visit: Visit, Asked(query): Asked<Query>) -> Result<Response, Problem> {
    let caller = visit.caller(query.contest.as_deref().map(ContestId::new).as_ref())?;
    let filter = TroubleFilter { contest: query.contest.clone(), limit: Some(MOST) };
    let items = trouble::trouble(&desk, &caller, &filter).await?;
    let (say, shell) = (visit.say, visit.shell(Here::Trouble));
    let retries = shell.is(Role::Operator);
    let shown_page = TroublePage {
        full: items.len() >= MOST as usize,
        rows: items.iter().map(|item| Row::of(&desk.catalogue, item, retries, say)).collect(),
        contests: choices(contests_seen(&desk.catalogue, &visit), query.contest.as_deref()),
        shell,
    };
    shown(&shown_page)
}

impl Row {
    /// `retries`: whether the person may retry parts.
    pub(super) fn of(catalogue: &Catalogue, item: &Item, retries: bool, say: Say) -> Self {
        let (href, cure) = cure(item, retries, say);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an age in seconds, never negative")]
        let age = say.span(item.age_s as u64);
        Self {
            what: say.t(item.zh, item.en),
            urgent: matches!(item.code.as_str(), "overdue_recall" | "credentials_refused" | "stuck" | "parked"),
            work: item.submission,
            title: item.title.clone().unwrap_or_else(|| partner_name(catalogue, say, &item.place)),
            place: place_name(catalogue, say, &item.place),
            age,
            due: item.due.map(|due| say.time(&due)),
            words: item.words.as_deref().map(|words| failure(say, words)),
            command: (item.code == "stuck").then(|| item.command.clone()),
            href,
            cure,
        }
    }
}

/// The page where a trouble is fixed, and what to do there.
fn cure(item: &Item, retries: bool, say: Say) -> (String, &'static str) {
    let Some(work) = item.submission else {
        return (format!("/partners#{}", item.place), say.t("查看平台账号", "See the account"));
    };
    let delivery = || format!("/works/{work}/deliveries/{}", item.place);
    match item.code.as_str() {
        "parked" if retries => (format!("/works/{work}/retry"), say.t("重试", "Try again")),
        "overdue_recall" | "recall_waits" => (delivery(), say.t("办理撤下", "Take it down")),
        "waits_for_person" => (delivery(), say.t("办理投放", "Deliver it")),
        "unknown_delivery" | "refused_delivery" => (delivery(), say.t("查看投放", "See the delivery")),
        _ => (format!("/works/{work}"), say.t("查看作品", "See the work")),
    }
}

#[cfg(test)]
mod tests {
    use pipeline::lang::Lang;

    use super::*;

    fn cured(code: &str, work: bool, place: &str, retries: bool) -> String {
        let item = Item {
            code: code.into(),
            submission: work.then(Uuid::nil),
            contest: None,
            title: None,
            place: place.into(),
            age_s: 1.0,
            due: None,
            zh: "",
            en: "",
            words: None,
            command: String::new(),
        };
        cure(&item, retries, Say::new(Lang::En)).0
    }

    #[test]
    fn each_leads_to_the_page_where_it_is_cured() {
        let id = Uuid::nil();
        assert_eq!(cured("parked", true, "transcode/segment/3", true), format!("/works/{id}/retry"));
        assert_eq!(cured("parked", true, "transcode/segment/3", false), format!("/works/{id}"));
        assert_eq!(cured("recall_waits", true, "cctv", true), format!("/works/{id}/deliveries/cctv"));
        assert!(cured("credentials_refused", false, "bilibili", true).starts_with("/partners"));
    }
}
