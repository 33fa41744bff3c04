//! The deliveries board: works by partners, with filters, and recalls by their clock.
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use chrono::{DateTime, Utc};
use pages::Say;
use pipeline::delivery::Observed;
use pipeline::id::ContestId;
use runtime::problem::Problem;
use uuid::Uuid;

use super::{Asked, Choice, Here, READERS, Shell, Visit, choices, contests_seen, filtered, page, shown};
use crate::Desk;
use crate::next::{Step, Turn};
use crate::route::Route;
use crate::view::board::{self, BoardFilter, Cell, Column, Recall, Row};

pub(crate) fn routes() -> Vec<Route> {
    vec![page("/deliveries", READERS, get(list))]
}

/// Who acts next, in words; with the act if it is a person's.
pub(super) fn turn_text(say: Say, turn: Turn, act: Option<Step>) -> &'static str {
    match (turn, act) {
        (Turn::Operator, Some(Step::Confirm)) => say.t("待人工确认发布", "a person confirms it"),
        (Turn::Operator, Some(Step::Deliver)) => say.t("待人工投放", "a person delivers it"),
        (Turn::Operator, Some(Step::ProveRemoval)) => say.t("待人工下架并举证", "a person takes it down and proves it"),
        (Turn::Operator, None) => say.t("待人工办理", "a person acts"),
        (Turn::Partner, _) => say.t("等待平台", "the partner acts"),
        (Turn::System, _) => say.t("系统处理中", "the system acts"),
        (Turn::Settled, _) => "",
    }
}

/// The clock of a recall.
pub(super) fn clock_text(say: Say, due: &DateTime<Utc>, now: &DateTime<Utc>) -> String {
    let span = say.ago(due, now);
    if due < now {
        format!("{}{span}", say.t("已超期 ", "overdue by "))
    } else {
        format!("{}{span}", say.t("剩余 ", "time left: "))
    }
}

struct CellShown {
    href: String,
    state: String,
    tone: &'static str,
    age: String,
    turn: &'static str,
    /// Of a recall.
    clock: Option<String>,
    /// Nothing is sent before this time.
    not_before: Option<String>,
}

struct RowShown {
    id: Uuid,
    title: String,
    state: String,
    cells: Vec<Option<CellShown>>,
}

struct RecallShown {
    href: String,
    title: String,
    partner: String,
    state: String,
    turn: &'static str,
    clock: String,
    overdue: bool,
    due: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "deliveries.html")]
struct BoardPage {
    shell: Shell,
    contests: Vec<Choice>,
    partners: Vec<Choice>,
    states: Vec<Choice>,
    waits: Vec<Choice>,
    /// Whether a filter is set.
    filtered: bool,
    columns: Vec<String>,
    rows: Vec<RowShown>,
    recalls: Vec<RecallShown>,
    count: Option<String>,
    next: Option<String>,
}

async fn list(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Asked(filter): Asked<BoardFilter>,
) -> Result<Response, Problem> {
    let contest = filter.contest.as_deref().map(ContestId::new);
    let caller = visit.caller(contest.as_ref())?;
    let found = board::board(&desk, &caller, &filter).await?;
    let shell = visit.shell(Here::Deliveries);
    let say = shell.say;
    let now = shell.now;
    let next =
        found.works.next.map(|cursor| filtered("/deliveries", &BoardFilter { cursor: Some(cursor), ..filter.clone() }));
    let partners = desk.catalogue.partners.values().map(|it| (it.id.as_str(), it.name.text(say.lang)));
    let states = Observed::NAMES.map(|it| (it, say.delivery(it)));
    let filtered_by = [&filter.contest, &filter.partner, &filter.state, &filter.waits].iter().any(|it| it.is_some());
    let waits =
        [("person", say.t("等待人工办理", "waits for a person")), ("recall", say.t("正在撤下", "being recalled"))];
    shown(&BoardPage {
        contests: choices(contests_seen(&desk.catalogue, &visit), filter.contest.as_deref()),
        partners: choices(partners, filter.partner.as_deref()),
        states: choices(states, filter.state.as_deref()),
        waits: choices(waits, filter.waits.as_deref()),
        filtered: filtered_by,
        columns: found.partners.iter().map(|it| name(say, it)).collect(),
        rows: found.works.items.into_iter().map(|row| row_shown(say, &now, row)).collect(),
        recalls: found.recalls.into_iter().map(|it| recall_shown(say, &now, it)).collect(),
        count: found.works.count.map(|count| count.to_string()),
        next: next.transpose()?,
        shell,
    })
}

fn name(say: Say, partner: &Column) -> String {
    say.t(&partner.zh, &partner.en).to_owned()
}

fn row_shown(say: Say, now: &DateTime<Utc>, row: Row) -> RowShown {
    let id = row.id;
    let cell = |cell: Cell| CellShown {
        href: format!("/works/{id}/deliveries/{}", cell.partner),
        state: say.delivery(cell.state),
        tone: say.tone(cell.state),
        age: say.ago(&cell.since, now),
        turn: turn_text(say, cell.turn, cell.next.map(|next| next.act)),
        clock: cell.due.map(|due| clock_text(say, &due, now)),
        not_before: cell.not_before.map(|at| say.time(&at)),
    };
    RowShown {
        id,
        title: row.title,
        state: say.state(&row.state),
        cells: row.cells.into_iter().map(|it| it.map(cell)).collect(),
    }
}

fn recall_shown(say: Say, now: &DateTime<Utc>, recall: Recall) -> RecallShown {
    RecallShown {
        href: format!("/works/{}/deliveries/{}", recall.id, recall.partner.id),
        partner: name(say, &recall.partner),
        state: say.delivery(recall.state),
        turn: turn_text(say, recall.turn, (recall.turn == Turn::Operator).then_some(Step::ProveRemoval)),
        clock: clock_text(say, &recall.due, now),
        overdue: recall.overdue,
        due: say.time(&recall.due),
        reason: recall.reason.unwrap_or_default(),
        title: recall.title,
    }
}
