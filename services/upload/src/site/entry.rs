//! `/entries/{id}`: how an entry stands, for the entrant who has its key. Without the key the page shows number and state only.
//!
//! The entrant's link carries the key after `#`, which browsers send to no server; so it is in no log and no referrer. A form exchanges
//! the key for a cookie of this entry's pages. Opening a page changes nothing.
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use pages::qr;
use pages::serve::see;
use pipeline::catalogue::Contest;
use pipeline::id::SubmissionId;
use pipeline::screening::{Outcome, Rule, Verdict};
use pipeline::submission::State as Standing;
use runtime::doors::{Door, Pseudonym, Reason};
use runtime::problem::{Code, Problem};
use runtime::serving::act::Act;
use runtime::serving::principal::Principal;
use runtime::store::submissions::SubmissionRow;

use super::course::{Course, course};
use super::problem::again;
use super::shell::Shell;
use super::typed::Typed;
use super::{film, key, shown, shown_with};
use crate::act;
use crate::app::App;
use crate::entries::contest_of;
use crate::token::Token;

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage {
    shell: Shell,
    entry: SubmissionRow,
    contest: Contest,
    course: Course,
    /// What has arrived of the film: bytes, and how many there will be.
    arrived: (u64, Option<u64>),
    /// Why the last upload came to nothing.
    failure: Option<&'static str>,
    /// Why it was refused.
    refusal: Option<String>,
    verdict: Option<Verdict>,
    /// Whether the verdict is that of the headers only.
    is_first_look: bool,
    /// The entrant's key, which uploads need, too.
    key: String,
    /// By which the page's module judges a film.
    limits: String,
    /// Where tus clients begin an upload.
    endpoint: String,
    /// What this page shows of the entry's course, as the page's module compares it with what the API says.
    seen: String,
    /// The link that opens this entry on another device, and the same as a drawing.
    link: String,
    qr: String,
}

#[derive(Template)]
#[template(path = "entry_locked.html")]
struct LockedPage {
    shell: Shell,
    id: SubmissionId,
    state: &'static str,
    wrong: bool,
}

#[derive(Template)]
#[template(path = "entry_withdraw.html")]
struct WithdrawPage {
    shell: Shell,
    entry: SubmissionRow,
}

/// GET.
pub(crate) async fn entry(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    shell: Shell,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Code::SubmissionUnknown)?;
    match key::opened(&app, &headers, id).await? {
        Some((token, entry)) => shown(&EntryPage::of(&app, shell, &token, entry).await?),
        None => locked(&app, shell, id, StatusCode::OK).await,
    }
}

/// POST …/open: exchanges the key for a cookie.
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    shell: Shell,
    Typed(form): Typed,
) -> Result<Response, Problem> {
    let id: SubmissionId = id.parse().map_err(|_| Code::SubmissionUnknown)?;
    let typed = form.get("key").map_or("", |key| key.trim());
    // A whole link may be pasted, too.
    let token = Token::read(typed.rsplit('#').next().unwrap_or_default()).filter(|token| token.id == id);
    let entry = app.store.submission(id).await?.ok_or(Code::SubmissionUnknown)?;
    match token.filter(|token| token.opens(&entry.token_sha256)) {
        Some(token) => {
            let mut response = see(format!("/entries/{id}"));
            response.headers_mut().insert(SET_COOKIE, key::keep_entry(&app, &token));
            Ok(response)
        }
        None => {
            let refused = Code::TokenWrong.refused(Door::Entrants, Reason::Wrong, Some(id));
            Ok(again(refused, locked(&app, shell, id, StatusCode::FORBIDDEN).await?))
        }
    }
}

/// GET …/withdraw: what withdrawing means.
pub(crate) async fn ask_withdraw(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    shell: Shell,
) -> Result<Response, Problem> {
    let entry = own(&app, &headers, &id).await?;
    shown(&WithdrawPage { shell, entry })
}

/// POST …/withdraw: withdraws the entry. Once more is done already.
pub(crate) async fn withdraw(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    address: Option<Extension<Pseudonym>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let entry = own(&app, &headers, &id).await?;
    let act = Act::at_page(Some(Principal::Entrant(entry.id)), address.map(|Extension(it)| it));
    act::withdraw::withdraw(&app, &entry, &act).await?;
    let id = entry.id;
    Ok(see(format!("/entries/{id}")))
}

/// The entry that the browser has the key of.
async fn own(app: &App, headers: &HeaderMap, id: &str) -> Result<SubmissionRow, Problem> {
    let id = id.parse().map_err(|_| Code::SubmissionUnknown)?;
    let opened = key::opened(app, headers, id).await?;
    let missing = || Code::TokenMissing.refused(Door::Entrants, Reason::Missing, Some(id));
    opened.map(|(_, entry)| entry).ok_or_else(missing)
}

async fn locked(app: &App, shell: Shell, id: SubmissionId, status: StatusCode) -> Result<Response, Problem> {
    let entry = app.store.submission(id).await?.ok_or(Code::SubmissionUnknown)?;
    let state = entry.machine.state.name();
    shown_with(status, &LockedPage { shell, id, state, wrong: status != StatusCode::OK })
}

impl EntryPage {
    async fn of(app: &App, shell: Shell, token: &Token, entry: SubmissionRow) -> Result<Self, Problem> {
        let say = shell.say;
        let arrived = match entry.mezzanine_bytes {
            Some(bytes) => (bytes, Some(bytes)),
            None => app.store.uploaded_bytes(entry.id).await?,
        };
        let failure = app.store.last_failure(entry.id).await?.map(|failure| Code::from(failure).row());
        let first_look = app.store.first_look(entry.id).await?;
        let state = entry.machine.state.name();
        let seen = [entry.verdict.is_some(), first_look.is_some()].map(|it| it.to_string()).join(" ");
        let refusal = match &entry.machine.state {
            Standing::Rejected { reason, .. } => Some(reason.text(say.lang)),
            _ => None,
        };
        let link = format!("{}/entries/{}#{}", app.settings.public_url, entry.id, token.text());
        let contest = contest_of(app, &entry)?.clone();
        Ok(Self {
            key: token.text().to_owned(),
            limits: film::limits(&contest)?,
            endpoint: format!("{}/files", app.settings.public_url),
            contest,
            course: course(state, say),
            arrived,
            failure: failure.as_ref().map(|row| say.t(row.zh, row.en)),
            refusal,
            seen: format!("{state} {seen} {}", failure.map_or("", |row| row.code)),
            is_first_look: entry.verdict.is_none(),
            verdict: entry.verdict.clone().or(first_look),
            qr: qr::drawn(&link).map_err(anyhow::Error::from)?,
            link,
            entry,
            shell,
        })
    }

    fn outcome(&self, outcome: &Outcome) -> &'static str {
        let say = self.shell.say;
        match outcome {
            Outcome::Pass => say.t("符合", "kept"),
            Outcome::Warn => say.t("请留意", "note"),
            Outcome::Fail => say.t("不符合", "broken"),
        }
    }

    fn title(&self, rule: &Rule) -> &'static str {
        rule.title(self.shell.say.lang)
    }

    fn judged(&self) -> [(&'static str, &'static str); 4] {
        film::judged(self.shell.say.lang)
    }

    fn theme(&self) -> &str {
        let theme = self.contest.theme(&self.entry.theme);
        theme.map_or(self.entry.theme.as_str(), |theme| self.shell.say.t(&theme.zh, &theme.en))
    }

    fn is_uploading(&self) -> bool {
        self.entry.machine.state == Standing::Uploading
    }

    /// Whether every byte of the film is here, though it is not the entry's yet.
    fn has_arrived(&self) -> bool {
        self.is_uploading() && self.arrived.0 > 0 && self.arrived.1 == Some(self.arrived.0)
    }

    /// Whether what comes next is a machine's to do, and comes soon.
    fn is_at_work(&self) -> bool {
        self.has_arrived() || matches!(self.entry.machine.state.name(), "probe" | "screen")
    }

    /// Whether the entrant may still withdraw it here: afterwards it is the organiser's to take back.
    fn may_withdraw(&self) -> bool {
        !matches!(self.entry.machine.state.name(), "published" | "publish" | "withdrawn" | "revoked")
    }
}
