//! `/contests/{contest}/enter`: the entry form. What is typed is kept on the server as a draft; errors are shown at
//! their fields, all at once; a valid form becomes an entry under the draft's id and key, so a form that is sent twice
//! enters once.
use std::sync::Arc;
use std::time::Instant;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use pages::serve::see;
use pipeline::catalogue::Contest;
use pipeline::form::{self, Answers, Checked, Wrong};
use runtime::doors::Pseudonym;
use runtime::problem::{Code, Problem};
use runtime::serving::act::Act;
use runtime::serving::client::{Peer, bucket_of, client_of};
use runtime::store::drafts::Draft;

use super::asked::{Part, parts};
use super::opened::path;
use super::shell::Shell;
use super::typed::Typed;
use super::{cookies, shown_with};
use crate::app::App;
use crate::entries::{check_deadline, spare};
use crate::token::Token;
use crate::{act, receipt};

/// A draft must be entered within this time; a browser keeps its key no longer.
const KEPT: TimeDelta = TimeDelta::days(31);
/// Largest lead of the clock of the replica that made a key.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// Drafts that are kept at once in the whole installation, a few KiB each. Beyond it forms are entered as ever, but not
/// kept while they are typed.
const MOST_DRAFTS: u32 = 50_000;
/// How often drafts of one address are stored in a minute: a department types in many windows.
const KEPT_PER_MINUTE: u32 = 600;
/// Twice as many characters of an answer are kept in any case.
const LEAST_CHARS: usize = 500;

#[derive(Template)]
#[template(path = "enter.html")]
struct EnterPage {
    shell: Shell,
    contest: Contest,
    parts: Vec<Part>,
    /// Fields with errors, by their id on the page and label; empty before the form was sent.
    wrong: Vec<(String, String)>,
    /// Whether a draft was found.
    resumed: bool,
}

/// A visit to the form: the contest, and the browser's key of a draft.
struct Visit<'a> {
    app: &'a App,
    contest: &'a Contest,
    token: Token,
}

/// GET: the form, with what was typed earlier in this browser.
pub(crate) async fn form(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    shell: Shell,
) -> Result<Response, Problem> {
    let contest = contest(&app, &id)?;
    if !contest.accepts(shell.now) {
        return Ok(see(format!("/contests/{}", contest.id)));
    }
    let visit = Visit::of(&app, contest, &headers).await?;
    let answers = visit.typed().await?;
    let resumed = answers.is_some();
    visit.page(StatusCode::OK, shell, &answers.unwrap_or_default(), &[], resumed)
}

/// POST …/draft: keeps what was typed so far. Answers only with its status: the page's module sends it.
pub(crate) async fn draft(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Problem> {
    let contest = contest(&app, &id)?;
    let answers = typed.answers(contest);
    check_deadline(contest, None, app.clock.now())?;
    let visit = Visit::of(&app, contest, &headers).await?;
    if app.store.draft(visit.token.id).await?.is_none() {
        spare(&app, peer, &headers)?;
    } else if let Some(Extension(Peer(peer))) = peer {
        let client = client_of(peer, &headers, app.settings.forwarded_hops);
        if !app.drafts.allows(bucket_of(client), KEPT_PER_MINUTE, Instant::now()) {
            return Err(Code::TooManyEntries.into());
        }
    }
    if !visit.keep(&answers).await? {
        return Err(Code::StoreFull.into());
    }
    let cookie = cookies::keep_draft(&app, contest, &visit.token);
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// POST: enters the work, or shows the errors.
pub(crate) async fn enter(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    peer: Option<Extension<Peer>>,
    address: Option<Extension<Pseudonym>>,
    headers: HeaderMap,
    shell: Shell,
    typed: Typed,
) -> Result<Response, Problem> {
    let contest = contest(&app, &id)?;
    let answers = typed.answers(contest);
    if let Some(entered) = already(&app, &headers).await? {
        return Ok(entered);
    }
    check_deadline(contest, None, shell.now)?;
    spare(&app, peer, &headers)?;
    let visit = Visit::of(&app, contest, &headers).await?;
    match form::check(contest, &answers) {
        Ok(form) => match visit.enter(&form, &Act::at_page(None, address.map(|Extension(it)| it))).await {
            // The same form was sent at the same time, by a double click.
            Err(problem) if problem.code == Code::IdempotencyKeyReused => already(&app, &headers).await?.ok_or(problem),
            // Another unit may be named: what was typed is still in the form.
            Err(problem) if matches!(problem.code, Code::UnitQuotaFull | Code::UnitDeadlinePassed) => {
                visit.keep(&answers).await?;
                Err(problem)
            }
            answer => answer,
        },
        Err(wrong) => {
            // What was typed must not be lost with the page.
            visit.keep(&answers).await?;
            visit.page(StatusCode::UNPROCESSABLE_ENTITY, shell, &answers, &wrong, false)
        }
    }
}

fn contest<'a>(app: &'a App, id: &str) -> Result<&'a Contest, Problem> {
    app.catalogue.contest(&id.into()).ok_or_else(|| Code::RouteUnknown.into())
}

/// Whether the draft of this browser has become an entry already: the form was sent twice.
async fn already(app: &App, headers: &HeaderMap) -> Result<Option<Response>, Problem> {
    let Some(token) = cookies::of_draft(app, headers) else { return Ok(None) };
    let entry = app.store.submission(token.id).await?.filter(|entry| token.opens(&entry.token_sha256));
    let Some(entry) = entry else { return Ok(None) };
    let receipt = receipt::of(app, &entry).await?;
    let mut response = see(path(&receipt));
    response.headers_mut().insert(SET_COOKIE, cookies::keep_entry(app, &receipt, &token));
    Ok(Some(response))
}

impl<'a> Visit<'a> {
    /// With the browser's key, or a new one if it has none, or if its key belongs to another contest's draft or an
    /// entry.
    async fn of(app: &'a App, contest: &'a Contest, headers: &HeaderMap) -> Result<Self, Problem> {
        let now = app.clock.now();
        let held = cookies::of_draft(app, headers).filter(|token| token.is_of(now - KEPT..=now + AHEAD));
        let token = match held {
            Some(token) if app.store.submission(token.id).await?.is_none() => token,
            _ => Token::new()?,
        };
        Ok(Self { app, contest, token })
    }

    /// What was typed before; `None` if there is no draft for the key.
    async fn typed(&self) -> Result<Option<Answers>, Problem> {
        let draft = self.app.store.draft(self.token.id).await?;
        let ours = |draft: &Draft| self.token.opens(&draft.token_sha256) && draft.contest == self.contest.id;
        let Some(draft) = draft.filter(ours) else { return Ok(None) };
        let plain = self.app.keys.open(self.token.id, &draft.answers).map_err(anyhow::Error::from)?;
        Ok(Some(serde_json::from_slice(&plain).map_err(anyhow::Error::from)?))
    }

    /// Stores what was typed. `false` if there are too many drafts for another one: the page that is answered holds the
    /// answers all the same.
    async fn keep(&self, answers: &Answers) -> Result<bool, Problem> {
        let store = &self.app.store;
        if store.draft(self.token.id).await?.is_none() && store.has_drafts(MOST_DRAFTS).await? {
            return Ok(false);
        }
        let cut: Answers = answers.iter().map(|(id, text)| (id.clone(), self.cut(id, text))).collect();
        let plain = serde_json::to_vec(&cut).map_err(anyhow::Error::from)?;
        let draft = Draft {
            id: self.token.id,
            contest: self.contest.id.clone(),
            token_sha256: self.token.digest(),
            answers: self.app.keys.seal(self.token.id, &plain)?,
        };
        if store.keep_draft(&draft).await? { Ok(true) } else { Err(Code::TokenWrong.into()) }
    }

    /// An answer that is too long is kept so that it can be shortened, but not a book.
    fn cut(&self, id: &str, text: &str) -> String {
        let most = self.contest.field(id).map_or(0, |field| field.max_chars as usize).max(LEAST_CHARS);
        text.chars().take(2 * most).collect()
    }

    async fn enter(&self, form: &Checked, act: &Act) -> Result<Response, Problem> {
        act::enter::enter(self.app, self.contest, form, &self.token, act).await?;
        let entry = self.app.store.submission(self.token.id).await?.ok_or(Code::SubmissionUnknown)?;
        let receipt = receipt::of(self.app, &entry).await?;
        let mut response = see(path(&receipt));
        let headers = response.headers_mut();
        headers.append(SET_COOKIE, cookies::end_draft(self.app, self.contest));
        headers.append(SET_COOKIE, cookies::keep_entry(self.app, &receipt, &self.token));
        Ok(response)
    }

    fn page(
        &self,
        status: StatusCode,
        shell: Shell,
        answers: &Answers,
        wrong: &[Wrong],
        resumed: bool,
    ) -> Result<Response, Problem> {
        let (parts, wrong) = parts(self.contest, answers, wrong, shell.say);
        let page = EnterPage { shell, contest: self.contest.clone(), parts, wrong, resumed };
        let mut response = shown_with(status, &page)?;
        response.headers_mut().append(SET_COOKIE, cookies::keep_draft(self.app, self.contest, &self.token));
        Ok(response)
    }
}
