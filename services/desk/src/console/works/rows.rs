//! A work as a row: texts in the reader's language, and one cell for each partner.
use pages::Say;
use uuid::Uuid;

use crate::Desk;
use crate::view::works::{self, At, Line, Recipient};

/// One row.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) title: String,
    /// The number of the entrant's receipt.
    pub(super) receipt: Option<String>,
    pub(super) theme: String,
    pub(super) unit: String,
    pub(super) state: String,
    pub(super) tone: &'static str,
    /// Why it was rejected.
    pub(super) rejection: Option<String>,
    /// Parts that wait for an operator.
    pub(super) parked: i64,
    pub(super) cells: Vec<Cell>,
    pub(super) entered: String,
}

/// Where the work stands with one partner.
pub(super) struct Cell {
    /// The address of a work that is online.
    pub(super) url: Option<String>,
    pub(super) text: String,
    pub(super) tone: &'static str,
}

impl Row {
    pub(super) fn of(desk: &Desk, line: &Line, recipients: &[Recipient], say: Say) -> Self {
        let at = |partner: &Recipient| line.deliveries.iter().find(|at| at.partner == partner.id);
        Self {
            id: line.id,
            title: line.title.clone(),
            receipt: line.receipt.clone(),
            theme: works::theme(desk, line, say.lang),
            unit: line.recommending_unit.clone(),
            state: say.state(line.state),
            tone: say.tone(line.state),
            rejection: line.rejection.as_ref().map(|it| say.t(&it.zh, &it.en).to_owned()),
            parked: line.parked,
            cells: recipients.iter().map(|partner| Cell::of(at(partner), say)).collect(),
            entered: say.time(&line.created_at),
        }
    }
}

impl Cell {
    fn of(at: Option<&At>, say: Say) -> Self {
        let Some(at) = at else { return Self { url: None, text: String::new(), tone: "" } };
        let url = at.public_url.as_ref().filter(|url| at.state == "live" && is_web(url)).cloned();
        Self { url, text: say.delivery(&at.state), tone: say.tone(&at.state) }
    }
}

/// Whether an address may become a link. What a partner answered or a person typed could be a script.
pub(crate) fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use pipeline::lang::Lang;

    use super::*;

    #[test]
    fn only_an_address_of_the_web_that_shows_the_work_is_a_link() {
        let say = Say::new(Lang::En);
        let cell = |state: &str, url: &str| {
            let at = At { partner: "cctv".into(), state: state.into(), public_url: Some(url.into()) };
            Cell::of(Some(&at), say).url
        };
        assert!(cell("live", "https://example.org/1").is_some());
        assert!(cell("recalled", "https://example.org/1").is_none());
        assert!(cell("live", "javascript:alert(1)").is_none());
        assert!(Cell::of(None, say).text.is_empty());
    }
}
