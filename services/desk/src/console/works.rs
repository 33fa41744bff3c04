//! `/works`: the list of works, with every filter. Each filtered list has its own address, and the same list is
//! available as a file.
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use runtime::problem::Problem;
use runtime::store::people::tokens::Role;

use super::{Asked, Here, READERS, Shell, Visit, address, page, shown};
use crate::Desk;
use crate::export::{self, Format, Kind};
use crate::route::Route;
use crate::view::works;

mod choices;
mod query;
mod rows;

use choices::Choices;
use query::Query;
use rows::Row;
pub(super) use rows::is_web;

/// Works on one page: as many as fill a screen or two. With the addresses at all partners, a page stays below 60 KB.
const PAGE: u32 = 40;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        page("/works", READERS, get(list)),
        page("/works.xlsx", READERS, get(xlsx)),
        page("/works.csv", READERS, get(csv)),
    ]
}

#[derive(Template)]
#[template(path = "works.html")]
struct WorksPage {
    shell: Shell,
    query: Query,
    choices: Choices,
    /// Headings of the partners' columns.
    partners: Vec<String>,
    rows: Vec<Row>,
    count: Option<String>,
    first: Option<String>,
    previous: Option<String>,
    next: Option<String>,
    files: Vec<(String, String)>,
    /// Whether the person may start bulk acts.
    bulk: bool,
    /// The address at which everything that the filter finds can be acted on.
    all: Option<String>,
}

/// Shows a page of the list.
async fn list(State(desk): State<Arc<Desk>>, visit: Visit, Asked(query): Asked<Query>) -> Result<Response, Problem> {
    let caller = visit.caller(query.contest().as_ref())?;
    let (say, filter) = (visit.say, query.filter(PAGE));
    let page = works::works(&desk, &caller, &filter).await?;
    let recipients = works::recipients(&desk, &caller, &filter)?;
    let shell = visit.shell(Here::Works);
    let bulk = shell.is(Role::Organiser);
    let all = bulk.then(|| all_of(&desk, &visit, &query, !page.items.is_empty())).flatten();
    let shown_page = WorksPage {
        choices: Choices::of(&desk, &visit, &caller, &query),
        partners: recipients.iter().map(|it| say.t(&it.zh, &it.en).to_owned()).collect(),
        rows: page.items.iter().map(|line| Row::of(&desk, line, &recipients, say)).collect(),
        count: page.count.map(|count| count.to_string()),
        first: query.first(),
        previous: query.previous(),
        next: page.next.as_deref().map(|cursor| query.next(cursor)),
        files: files(&query, &shell),
        bulk,
        all,
        shell,
        query,
    };
    shown(&shown_page)
}

/// The address at which all works that the filter finds can be acted on; `None` where it finds none.
fn all_of(desk: &Desk, visit: &Visit, query: &Query, found: bool) -> Option<String> {
    let selection = query.selection(&desk.catalogue, &visit.person.sees(Role::Organiser));
    found.then(|| address("/bulk/new", [("where", selection)]))
}

/// The same list as files.
fn files(query: &Query, shell: &Shell) -> Vec<(String, String)> {
    let say = shell.say;
    let file = |kind: Kind, format: Format| {
        let kind_of = (kind != Kind::List).then(|| ("kind", kind.name().to_owned()));
        let href = address(&format!("/works.{}", format.ending()), query.filters().into_iter().chain(kind_of));
        let format = match format {
            Format::Xlsx => "Excel",
            Format::Csv => "CSV",
        };
        (href, format!("{}{}{format}{}", kind.title(say), say.t("（", " ("), say.t("）", ")")))
    };
    let mut files: Vec<_> = Kind::ALL.into_iter().map(|kind| file(kind, Format::Xlsx)).collect();
    files.push(file(Kind::List, Format::Csv));
    files
}

async fn xlsx(desk: State<Arc<Desk>>, visit: Visit, query: Asked<Query>) -> Result<Response, Problem> {
    exported(desk, visit, query, Format::Xlsx).await
}

async fn csv(desk: State<Arc<Desk>>, visit: Visit, query: Asked<Query>) -> Result<Response, Problem> {
    exported(desk, visit, query, Format::Csv).await
}

async fn exported(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Asked(query): Asked<Query>,
    format: Format,
) -> Result<Response, Problem> {
    let caller = visit.caller(query.contest().as_ref())?;
    let kind = Kind::named(query.kind.as_deref())?;
    let file = export::export(&desk, &caller, &query.filter(PAGE), kind, format, visit.say).await?;
    let (day, ending) = (visit.say.date(&visit.now), format.ending());
    let title: String = url::form_urlencoded::byte_serialize(file.title.as_bytes()).collect();
    let title = title.replace('+', "%20");
    // The plain name is for programs that do not know the extended form.
    let disposition =
        format!("attachment; filename=\"{}-{day}.{ending}\"; filename*=UTF-8''{title}-{day}.{ending}", kind.name());
    let headers = [
        (CONTENT_TYPE, format.media_type().to_owned()),
        (CONTENT_DISPOSITION, disposition),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, file.bytes).into_response())
}
