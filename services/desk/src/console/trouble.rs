//! `/trouble`: what does not go on by itself, the most pressing first, each with a link to the page where it is cured.
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use pages::Say;
use pipeline::id::{ContestId, PartnerId};
use runtime::problem::Problem;
use runtime::store::tokens::Role;
use serde::Deserialize;

use super::cure::{Cure, cure};
use super::{Asked, Here, READERS, Shell, Visit, page, shown};
use crate::Desk;
use crate::http::routes::Route;
use crate::view::contests;
use crate::view::trouble::{self, Item, TroubleFilter};

/// Items of the page; more than that is an outage, which shows in the first ones.
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
struct Row {
    what: &'static str,
    /// Whether it is past its time, or works stand still for it.
    urgent: bool,
    /// The work's title, or the account's partner.
    title: String,
    /// The part or partner.
    place: String,
    age: String,
    due: Option<String>,
    words: Option<String>,
    /// Where it is cured, and what one does there.
    href: String,
    cure: &'static str,
    /// For what has no page: what an operator types.
    command: Option<String>,
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage {
    shell: Shell,
    rows: Vec<Row>,
    /// Contests to choose from, with whether it is chosen.
    contests: Vec<(String, String, bool)>,
    full: bool,
}

/// Lists what needs a person.
async fn list(State(desk): State<Arc<Desk>>, visit: Visit, Asked(query): Asked<Query>) -> Result<Response, Problem> {
    let contest = query.contest.as_deref().map(ContestId::new);
    let caller = visit.caller(contest.as_ref())?;
    let filter = TroubleFilter { contest: query.contest.clone(), limit: Some(MOST) };
    let items = trouble::trouble(&desk, &caller, &filter).await?;
    let (say, shell) = (visit.say, visit.shell(Here::Trouble));
    let retries = shell.is(Role::Operator);
    let choice = |it: contests::Contest| {
        let chosen = query.contest.as_ref() == Some(&it.id);
        let name = say.t(&it.zh, &it.en).to_owned();
        (it.id, name, chosen)
    };
    let shown_page = TroublePage {
        full: items.len() >= MOST as usize,
        rows: items.iter().map(|item| Row::of(&desk, item, retries, say)).collect(),
        contests: contests::contests(&desk, &caller).into_iter().map(choice).collect(),
        shell,
    };
    shown(&shown_page)
}

impl Row {
    fn of(desk: &Desk, item: &Item, retries: bool, say: Say) -> Self {
        let partner = |id: &str| {
            let partner = desk.catalogue.partner(&PartnerId::new(id));
            partner.map_or_else(|| id.to_owned(), |it| it.name.text(say.lang).to_owned())
        };
        let Cure { href, text: cure } = cure_of(item, retries, say);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an age in seconds, never negative")]
        let age = say.span(item.age_s as u64);
        Self {
            what: say.t(item.zh, item.en),
            urgent: matches!(item.code.as_str(), "overdue_recall" | "credentials_refused" | "stuck" | "parked"),
            title: item.title.clone().unwrap_or_else(|| partner(&item.place)),
            place: match item.place.split_once('/') {
                Some((stage, part)) => format!("{} {part}", say.stage(stage)),
                None => partner(&item.place),
            },
            age,
            due: item.due.map(|due| say.time(&due)),
            words: item.words.clone(),
            command: (item.code == "stuck").then(|| item.command.clone()),
            href,
            cure,
        }
    }
}

/// The page where it is cured. A person who may try parts again goes there at once.
fn cure_of(item: &Item, retries: bool, say: Say) -> Cure {
    let cure = cure(item, say);
    match item.submission {
        Some(work) if retries && item.code == "parked" => Cure { href: format!("/works/{work}/retry"), ..cure },
        _ => cure,
    }
}

#[cfg(test)]
mod tests {
    use pipeline::lang::Lang;
    use uuid::Uuid;

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
        cure_of(&item, retries, Say::new(Lang::En)).href
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
