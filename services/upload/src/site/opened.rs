//! An entry opened in a browser: the number in the address, and the key in the cookie.
use axum::http::HeaderMap;
use pipeline::receipt::Receipt;
use runtime::doors::{Door, Pseudonym, Reason};
use runtime::problem::{Code, Problem};
use runtime::serving::act::Act;
use runtime::serving::principal::Principal;
use runtime::store::submissions::SubmissionRow;

use axum::Extension;

use super::cookies;
use crate::app::App;
use crate::receipt;
use crate::token::Token;

/// An entry with the key that opens it.
pub(super) struct Opened {
    pub(super) receipt: Receipt,
    pub(super) entry: SubmissionRow,
    pub(super) token: Token,
}

impl Opened {
    /// The entry with this number, if the browser has its key.
    ///
    /// # Errors
    /// `receipt_unknown`; `token_missing` if the browser has no key, or one that was replaced.
    pub(super) async fn of(app: &App, headers: &HeaderMap, number: &str) -> Result<Self, Problem> {
        let (receipt, entry) = receipt::named(app, number).await?;
        let missing = || Code::TokenMissing.refused(Door::Entrants, Reason::Missing, Some(entry.id));
        let token = cookies::of_entry(app, headers, &entry).ok_or_else(missing)?;
        Ok(Self { receipt, entry, token })
    }

    /// An act of its entrant on a page.
    pub(super) fn act(&self, address: Option<Extension<Pseudonym>>) -> Act {
        Act::at_page(Some(Principal::Entrant(self.entry.id)), address.map(|Extension(it)| it))
    }

    /// The path of its page.
    pub(super) fn path(&self) -> String {
        path(&self.receipt)
    }

    /// The entrant's link. The key is after `#`, which browsers do not send to servers.
    pub(super) fn link(&self, origin: &str) -> String {
        link(origin, &self.receipt, &self.token)
    }
}

/// The path of an entry's page.
pub(super) fn path(receipt: &Receipt) -> String {
    format!("/entries/{receipt}")
}

/// The link that opens an entry with its key.
pub(crate) fn link(origin: &str, receipt: &Receipt, token: &Token) -> String {
    format!("{origin}{}#{}", path(receipt), token.text())
}
