//! The deliveries board: works by partners, who acts next in each cell, and recalls with their deadlines.
use std::collections::BTreeMap;

use pipeline::delivery::Observed;
use pipeline::id::{ContestId, PartnerId, SubmissionId};
use pipeline::partner::Partner;
use pipeline::person::Sees;
use runtime::problem::Problem;
use runtime::store::watching::board::{BoardWanted, BoardWork, Waits};
use runtime::store::watching::listing::Count;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Page, contests_of, cursor_of, known, limit_of};
use crate::Desk;
use crate::act::Caller;
use crate::next::step_of;

mod cell;

pub use cell::{Cell, Column, Recall, Row};

/// The most recalls listed on the board.
const MOST_RECALLS: u32 = 20;
/// What `waits` may be.
const WAITS: [&str; 2] = ["person", "recall"];

/// Which works.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoardFilter {
    /// Only this contest.
    pub contest: Option<String>,
    /// Only works with a delivery to this partner; the other conditions then apply to that delivery.
    pub partner: Option<String>,
    /// Only works with a delivery in this state.
    pub state: Option<String>,
    /// `person`: only works with a delivery that waits for a person. `recall`: only works that are being recalled at
    /// some partner.
    pub waits: Option<String>,
    /// The page after the one whose `next` this is.
    pub cursor: Option<String>,
    /// 1 to 200, 50 if absent.
    pub limit: Option<u32>,
}

/// One page of the board.
#[derive(Clone, Debug, Serialize)]
pub struct Board {
    /// The partners, in the order of the cells.
    pub partners: Vec<Column>,
    /// The works.
    pub works: Page<Row>,
    /// Recalls that are not proven, the most pressing first; at most 20.
    pub recalls: Vec<Recall>,
}

/// One page of the board. The first one also counts the works and lists the recalls.
pub async fn board(desk: &Desk, caller: &Caller, filter: &BoardFilter) -> Result<Board, Problem> {
    let wanted = wanted(desk, caller, filter)?;
    let partners = columns(desk, &wanted);
    let works = desk.store.board(&wanted).await?;
    let Page { items: works, next, .. } = Page::of(works, wanted.limit, |work| work.id.to_string());
    let ids: Vec<Uuid> = works.iter().map(|row| row.id).collect();
    let mut cells: BTreeMap<(Uuid, String), Cell> = BTreeMap::new();
    for cell in desk.store.board_cells(&ids).await? {
        cells.insert((cell.submission, cell.partner.to_string()), Cell::of(desk, cell));
    }
    let row = |work: BoardWork| Row {
        cells: partners.iter().map(|partner| cells.remove(&(work.id, partner.id.clone()))).collect(),
        id: work.id,
        contest: work.contest,
        title: work.title,
        state: work.state,
    };
    let items = works.into_iter().map(row).collect();
    let (mut count, mut recalls) = (None, Vec::new());
    if wanted.before.is_none() {
        count = Some(desk.store.count_board(&wanted).await?);
        let due = desk.store.due_recalls(&wanted.contests, MOST_RECALLS).await?;
        recalls = due.into_iter().map(|it| Recall::of(desk, it)).collect();
    }
    Ok(Board { partners, works: Page { items, next, count }, recalls })
}

/// What waits for a person: deliveries to partners whose method needs an operator, and at any partner a removal by
/// hand.
fn for_a_person(desk: &Desk) -> Waits {
    let by_hand = |it: &&Partner| step_of(it.method).is_some();
    Waits::Person(desk.catalogue.partners.values().filter(by_hand).map(|it| it.id.clone()).collect())
}

/// How many works on the board wait for a person, or (`recall`) are being recalled.
pub(crate) async fn waiting(desk: &Desk, contest: Option<&ContestId>, recall: bool) -> Result<Count, Problem> {
    let waits = Some(if recall { Waits::Recall } else { for_a_person(desk) });
    Ok(desk
        .store
        .count_board(&BoardWanted { contests: contest.cloned().into(), waits, ..BoardWanted::default() })
        .await?)
}

fn wanted(desk: &Desk, caller: &Caller, filter: &BoardFilter) -> Result<BoardWanted, Problem> {
    if let Some(partner) = &filter.partner {
        known("partner", partner, &desk.catalogue.partners.keys().map(PartnerId::as_str).collect::<Vec<_>>())?;
    }
    if let Some(state) = &filter.state {
        known("state", state, &Observed::NAMES)?;
    }
    if let Some(waits) = &filter.waits {
        known("waits", waits, &WAITS)?;
    }
    let waits = filter.waits.as_deref().map(|waits| if waits == "recall" { Waits::Recall } else { for_a_person(desk) });
    Ok(BoardWanted {
        contests: contests_of(desk, caller, filter.contest.as_deref())?,
        partner: filter.partner.as_deref().map(PartnerId::new),
        state: filter.state.clone(),
        waits,
        before: cursor_of::<SubmissionId>(filter.cursor.as_deref())?,
        limit: limit_of(filter.limit)?,
    })
}

/// The partner of the filter, the partners of the contests that are shown, or all.
fn columns(desk: &Desk, wanted: &BoardWanted) -> Vec<Column> {
    let contests: Vec<_> = desk.catalogue.contests.values().filter(|it| wanted.contests.includes(&it.id)).collect();
    let shown = |partner: &&Partner| match (&wanted.partner, &wanted.contests) {
        (Some(one), _) => partner.id == *one,
        (None, Sees::All) => true,
        (None, Sees::Only(_)) => contests.iter().any(|it| it.partners.contains(&partner.id)),
    };
    desk.catalogue.partners.values().filter(shown).map(|it| Column::of(desk, &it.id)).collect()
}
