//! `/entries/{receipt}`: the state of an entry, for the entrant who has its key. Without the key the page shows number
//! and state only.
//!
//! The entrant's link carries the key after `#`, which browsers do not send to servers; so it is in no log and no
//! referrer.
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use pages::qr;
use pages::serve::see;
use pipeline::catalogue::Contest;
use pipeline::receipt::Receipt;
use pipeline::replacing::{Cure, may_correct, may_replace};
use pipeline::submission::State as WorkState;
use runtime::problem::{Code, Problem};
use runtime::store::submissions::SubmissionRow;

use super::course::{Course, course};
use super::opened::{Opened, path};
use super::shell::Shell;
use super::{cookies, film, shown, shown_with};
use crate::app::App;
use crate::entries::contest_of;
use crate::receipt;
use rows::{FormerRow, PlatformRow, RuleRow};

mod rows;

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage {
    shell: Shell,
    opened: Opened,
    contest: Contest,
    theme: String,
    course: Course,
    /// What has arrived of the film: bytes, and the total.
    arrived: (u64, Option<u64>),
    /// Why the last upload failed.
    failure: Option<&'static str>,
    /// The outcome of each rule; empty before the first look.
    rules: Vec<RuleRow>,
    /// Whether the outcome is from the headers only.
    is_first_look: bool,
    places: Vec<PlatformRow>,
    /// Whether the film can be replaced now, and the form corrected.
    may_replace: bool,
    may_correct: bool,
    /// A window that the organisers opened.
    cure: Option<Cure>,
    /// Films that were replaced by another one.
    former: Vec<FormerRow>,
    /// The limits by which the page's module checks a film.
    limits: String,
    /// The entrant's key, which uploads need, and the address where tus clients begin an upload.
    key: String,
    endpoint: String,
    /// The link that opens this entry on another device, as text and as a QR code.
    link: String,
    qr: String,
}

#[derive(Template)]
#[template(path = "entry_locked.html")]
struct LockedPage {
    shell: Shell,
    receipt: Receipt,
    state: &'static str,
    wrong: bool,
}

/// GET.
pub(crate) async fn entry(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    headers: HeaderMap,
    shell: Shell,
) -> Result<Response, Problem> {
    let (receipt, entry) = receipt::named(&app, &number).await?;
    // However it was typed, it has one address: cookies depend on it.
    if receipt.as_str() != number {
        return Ok(see(path(&receipt)));
    }
    match cookies::of_entry(&app, &headers, &entry) {
        Some(token) => shown(&EntryPage::of(&app, shell, Opened { receipt, entry, token }).await?),
        None => locked(shell, receipt, &entry, StatusCode::OK),
    }
}

/// The page without a key, or with a wrong one.
pub(super) fn locked(
    shell: Shell,
    receipt: Receipt,
    entry: &SubmissionRow,
    status: StatusCode,
) -> Result<Response, Problem> {
    let state = entry.machine.state.name();
    shown_with(status, &LockedPage { shell, receipt, state, wrong: status != StatusCode::OK })
}

impl EntryPage {
    async fn of(app: &App, shell: Shell, opened: Opened) -> Result<Self, Problem> {
        let entry = &opened.entry;
        let arrived = match entry.mezzanine_bytes.filter(|_| !entry.machine.takes_upload()) {
            Some(bytes) => (bytes, Some(bytes)),
            None => app.store.uploaded_bytes(entry.id).await?,
        };
        let failure = app.store.last_failure(entry.id).await?.map(|failure| Code::from(failure).row());
        let facts = app.store.facts(entry.id).await?.ok_or(Code::SubmissionUnknown)?;
        let first_look = app.store.first_look(entry.id).await?;
        let history = app.store.history(entry.id).await?;
        let contest = contest_of(app, entry)?.clone();
        let deliveries = app.store.deliveries(entry.id).await?;
        let former = app.store.former_films(entry.id).await?;
        let link = opened.link(&shell.origin);
        let circumstances = facts.circumstances(&contest, shell.now);
        Ok(Self {
            may_replace: may_replace(&circumstances).is_ok(),
            may_correct: may_correct(&circumstances).is_ok(),
            cure: facts.cure.clone().filter(|cure| shell.now < cure.until),
            former: former.iter().map(|film| FormerRow::of(film, shell.say)).collect(),
            theme: shell.theme(&contest, &entry.theme),
            course: course(entry, &history, shell.say),
            arrived,
            failure: failure.map(|row| shell.say.t(row.zh, row.en)),
            is_first_look: entry.verdict.is_none(),
            rules: entry.verdict.as_ref().or(first_look.as_ref()).map_or(Vec::new(), |it| RuleRow::all(it, shell.say)),
            places: deliveries.iter().map(|row| PlatformRow::of(app, &shell, row)).collect(),
            limits: film::limits(&contest)?,
            key: opened.token.text().to_owned(),
            endpoint: format!("{}/files", shell.origin),
            qr: qr::drawn(&link).map_err(anyhow::Error::from)?,
            link,
            contest,
            opened,
            shell,
        })
    }

    fn state(&self) -> &'static str {
        self.opened.entry.machine.state.name()
    }

    fn judged(&self) -> [film::Judged; 4] {
        film::judged(self.shell.say.lang)
    }

    fn is_uploading(&self) -> bool {
        self.opened.entry.machine.state == WorkState::Uploading
    }

    /// Whether a film can be sent: the first one, or an announced replacement.
    fn takes_film(&self) -> bool {
        self.opened.entry.machine.takes_upload()
    }

    /// Whether every byte of the film has arrived, though it is not the entry's film yet.
    fn has_arrived(&self) -> bool {
        self.takes_film() && self.arrived.0 > 0 && self.arrived.1 == Some(self.arrived.0)
    }

    /// Whether the entrant may still withdraw it here: later only the organiser can revoke it.
    fn may_withdraw(&self) -> bool {
        !matches!(self.state(), "published" | "publish" | "withdrawn" | "revoked")
    }
}
