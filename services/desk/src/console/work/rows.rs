//! Rows of the tables on a work's page: its history, its former films, its deliveries.
use pages::Say;
use pipeline::screening::Outcome;

use crate::Desk;
use crate::console::works::is_web;
use crate::names::partner_name;
use crate::view::deliveries::Delivery;
use crate::view::sentence;
use crate::view::work::{Former, Happened};

/// A line of the history.
pub(super) struct HistoryRow {
    pub(super) at: String,
    pub(super) what: String,
    pub(super) who: String,
    pub(super) why: Option<String>,
}

/// A film that another one replaced.
pub(super) struct FormerRow {
    pub(super) run: u32,
    pub(super) state: String,
    pub(super) tone: &'static str,
    pub(super) replaced: String,
    pub(super) why: Option<String>,
    pub(super) sha256: Option<String>,
    /// What screening found against it, in words.
    pub(super) found: Vec<String>,
}

/// A delivery of the table.
pub(super) struct DeliveryRow {
    pub(super) id: String,
    pub(super) partner: String,
    pub(super) state: String,
    pub(super) tone: &'static str,
    pub(super) url: Option<String>,
    pub(super) words: Option<String>,
    pub(super) due: Option<String>,
    /// Whether it waits for a person and its state does not say so already.
    pub(super) by_hand: bool,
    pub(super) updated: String,
}

impl HistoryRow {
    pub(super) fn of(desk: &Desk, line: &Happened, say: Say) -> Self {
        Self {
            at: say.time(&line.at),
            what: sentence::sentence(line, &desk.catalogue, say),
            who: sentence::who(line, say),
            why: sentence::why(line).map(str::to_owned),
        }
    }
}

impl FormerRow {
    pub(super) fn of(film: &Former, say: Say) -> Self {
        let rules = film.verdict.iter().flat_map(|verdict| &verdict.rules);
        let found = rules.filter(|rule| rule.outcome != Outcome::Pass).map(|rule| rule.text(say.lang).to_owned());
        Self {
            run: film.run,
            state: say.state(film.state),
            tone: say.tone(film.state),
            replaced: say.time(&film.replaced_at),
            why: film.rejection.as_ref().map(|it| say.t(it.zh.as_str(), it.en.as_str()).to_owned()),
            sha256: film.sha256.clone(),
            found: found.collect(),
        }
    }
}

impl DeliveryRow {
    pub(super) fn of(desk: &Desk, it: &Delivery, say: Say) -> Self {
        Self {
            partner: partner_name(&desk.catalogue, say, &it.partner),
            id: it.partner.clone(),
            state: say.delivery(it.state),
            tone: say.tone(it.state),
            url: it.public_url.clone().filter(|url| is_web(url)),
            words: it.words.clone(),
            due: it.recall.as_ref().and_then(|recall| recall.due).map(|due| say.time(&due)),
            by_hand: it.next.is_some() && it.state != "awaiting_operator",
            updated: say.time(&it.updated_at),
        }
    }
}
