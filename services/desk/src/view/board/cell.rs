//! The parts of the board: partners, works, the state of a work at a partner, and recalls.
use chrono::{DateTime, Utc};
use pipeline::delivery::Observed;
use pipeline::id::{PartnerId, SubmissionId};
use runtime::store::watching::board::{BoardCell, DueRecall};
use serde::Serialize;
use uuid::Uuid;

use crate::Desk;
use crate::next::{Next, Turn, next, turn};

/// A partner of the board.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    /// Its id.
    pub id: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
}

/// One work of the board.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The work.
    pub id: Uuid,
    /// Its contest.
    pub contest: String,
    /// As entered.
    pub title: String,
    /// As in the work's own view.
    pub state: String,
    /// For each partner of the board, the state of the delivery; `None` if nothing was released there.
    pub cells: Vec<Option<Cell>>,
}

/// The state of a work at one partner.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// The partner.
    pub partner: String,
    /// The delivery's state.
    pub state: &'static str,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Who acts next.
    pub turn: Turn,
    /// The act of a person, if one is due.
    pub next: Option<Next>,
    /// Nothing is sent before this instant.
    pub not_before: Option<DateTime<Utc>>,
    /// Until when the removal must be proven.
    pub due: Option<DateTime<Utc>>,
    /// Where it is online.
    pub public_url: Option<String>,
}

/// A recall that is not proven yet.
#[derive(Clone, Debug, Serialize)]
pub struct Recall {
    /// The work.
    pub id: Uuid,
    /// Its title.
    pub title: String,
    /// The partner.
    pub partner: Column,
    /// The delivery's state.
    pub state: &'static str,
    /// Who acts next.
    pub turn: Turn,
    /// Until when the removal must be proven.
    pub due: DateTime<Utc>,
    /// Whether that time is past.
    pub overdue: bool,
    /// Why it is recalled.
    pub reason: Option<String>,
}

impl Column {
    /// A partner that is no longer in the catalogue is shown by its id.
    pub(super) fn of(desk: &Desk, id: &PartnerId) -> Self {
        let name = desk.catalogue.partner(id).map(|it| it.name.clone());
        let (zh, en) = name.map_or_else(|| (id.to_string(), id.to_string()), |name| (name.zh, name.en));
        Self { id: id.to_string(), zh, en }
    }
}

impl Cell {
    pub(super) fn of(desk: &Desk, cell: BoardCell) -> Self {
        let method = desk.catalogue.partner(&cell.partner).map(|it| it.method);
        let proven = matches!(cell.machine.observed, Observed::Recalled { .. } | Observed::Refused { .. });
        Self {
            state: cell.machine.observed.name(),
            since: cell.updated_at,
            turn: turn(method, &cell.machine),
            next: next(SubmissionId(cell.submission), &cell.partner, method, &cell.machine),
            not_before: cell.machine.not_before.filter(|_| cell.machine.observed == Observed::Planned),
            due: cell.recall_due.filter(|_| !proven),
            public_url: cell.machine.observed.public_url().map(ToOwned::to_owned),
            partner: cell.partner.to_string(),
        }
    }
}

impl Recall {
    pub(super) fn of(desk: &Desk, recall: DueRecall) -> Self {
        let method = desk.catalogue.partner(&recall.partner).map(|it| it.method);
        Self {
            id: recall.submission,
            title: recall.title,
            state: recall.machine.observed.name(),
            turn: turn(method, &recall.machine),
            due: recall.due,
            overdue: recall.due < desk.clock.now(),
            reason: recall.reason,
            partner: Column::of(desk, &recall.partner),
        }
    }
}
