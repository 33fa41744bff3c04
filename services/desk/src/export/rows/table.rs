//! What all tables share: widths of columns, and the cells about a work and a partner.
use pages::Say;
use pipeline::id::ContestId;
use runtime::store::watching::listing::MOST_ROWS as PAGE;
use uuid::Uuid;

use crate::Desk;
use crate::export::sheet::{Cell, Column};
use crate::view::works::{self, At, Line, Recipient};

// Widths of columns in characters: for typed text, for an address or a sentence, for a word, for a receipt.
pub(super) const NAME: u16 = 28;
pub(super) const ADDRESS: u16 = 36;
pub(super) const WORD: u16 = 12;
pub(super) const RECEIPT: u16 = 20;

/// What every table needs.
pub(super) struct Table<'a> {
    pub(super) desk: &'a Desk,
    pub(super) say: Say,
    pub(super) partners: Vec<Recipient>,
}

/// Columns and rows.
pub(super) type Filled = (Vec<Column>, Vec<Vec<Cell>>);

impl Table<'_> {
    /// A column for each partner.
    pub(super) fn partner_columns(&self) -> impl Iterator<Item = Column> {
        let heading = |partner: &Recipient| Column::new(self.say.t(&partner.zh, &partner.en), ADDRESS);
        self.partners.iter().map(heading)
    }

    /// The contest's name.
    pub(super) fn contest(&self, line: &Line) -> String {
        let contest = self.desk.catalogue.contest(&ContestId::new(&line.contest));
        contest.map_or_else(|| line.contest.clone(), |it| it.name.text(self.say.lang).to_owned())
    }

    /// The theme's name.
    pub(super) fn theme(&self, line: &Line) -> String {
        works::theme(self.desk, line, self.say.lang)
    }

    /// The address of a work that is online, or else its state. An address that no longer shows the work never appears
    /// without that state.
    pub(super) fn address_or_state(&self, at: Option<&At>) -> Cell {
        let Some(at) = at else { return Cell::EMPTY };
        let state = self.say.delivery(&at.state);
        match (&at.public_url, at.state.as_str()) {
            (Some(url), "live") => Cell::Text(url.clone()),
            (Some(url), _) => Cell::Text(format!("{state} {url}")),
            (None, _) => Cell::Text(state),
        }
    }
}

/// The work's delivery to a partner.
pub(super) fn at<'a>(line: &'a Line, partner: &Recipient) -> Option<&'a At> {
    line.deliveries.iter().find(|at| at.partner == partner.id)
}

/// The address of a work that is online.
pub(super) fn online(at: Option<&At>) -> Option<&str> {
    at.filter(|at| at.state == "live")?.public_url.as_deref()
}

/// The ids of the works, in groups as large as one query takes.
pub(super) fn pages_of(lines: &[Line]) -> impl Iterator<Item = Vec<Uuid>> {
    lines.chunks(PAGE as usize).map(|lines| lines.iter().map(|line| line.id).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::DateTime;

    use super::*;

    /// A work in this state.
    pub(in crate::export::rows) fn line(state: &'static str) -> Line {
        Line {
            id: Uuid::nil(),
            receipt: None,
            contest: "demo".into(),
            state,
            run: 1,
            title: "=1+1".into(),
            theme: "green".into(),
            recommending_unit: String::new(),
            bytes: None,
            parked: 0,
            rejection: None,
            deliveries: Vec::new(),
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn only_an_address_that_shows_the_work_counts_as_online() {
        let partner = Recipient { id: "cctv".into(), zh: "央视网".into(), en: "CCTV".into() };
        let url = || Some("https://example.org/1".to_owned());
        let mut line = line("published");
        line.deliveries.push(At { partner: "cctv".into(), state: "live".into(), public_url: url() });
        assert_eq!(online(at(&line, &partner)), Some("https://example.org/1"));
        line.deliveries[0].state = "recalled".into();
        assert_eq!(online(at(&line, &partner)), None);
    }
}
