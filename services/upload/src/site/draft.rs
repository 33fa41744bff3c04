//! A draft: what was typed into the entry form, kept on the server under a key in the browser's cookie.
use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use pipeline::catalogue::Contest;
use pipeline::form::Answers;
use runtime::problem::{Code, Problem};
use runtime::serving::client::{Peer, bucket_of, client_of};
use runtime::store::entry::drafts::Draft;

use super::cookies;
use super::typed::Typed;
use crate::app::App;
use crate::entries::{check_deadline, check_rate};
use crate::token::Token;

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

/// A visit to the form: the contest, and the browser's key of a draft.
pub(super) struct Visit<'a> {
    pub(super) app: &'a App,
    pub(super) contest: &'a Contest,
    pub(super) token: Token,
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
        check_rate(&app, peer, &headers)?;
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

/// The key that the browser holds, unless it is too old.
fn held(app: &App, headers: &HeaderMap) -> Option<Token> {
    let now = app.clock.now();
    cookies::of_draft(app, headers).filter(|token| token.is_of(now - KEPT..=now + AHEAD))
}

/// The contest of an address.
pub(super) fn contest<'a>(app: &'a App, id: &str) -> Result<&'a Contest, Problem> {
    app.catalogue.contest(&id.into()).ok_or_else(|| Code::RouteUnknown.into())
}

impl<'a> Visit<'a> {
    /// With the browser's key, or a new one if it has none, or if its key belongs to another contest's draft or an
    /// entry.
    pub(super) async fn of(app: &'a App, contest: &'a Contest, headers: &HeaderMap) -> Result<Self, Problem> {
        let token = match held(app, headers) {
            Some(token) if app.store.submission(token.id).await?.is_none() => token,
            _ => Token::new()?,
        };
        Ok(Self { app, contest, token })
    }

    /// For a form that was sent: with the browser's key even if it has just become the key of an entry. Another key
    /// would enter the work twice after a double click; this one is refused by the store.
    pub(super) async fn of_sent(app: &'a App, contest: &'a Contest, headers: &HeaderMap) -> Result<Self, Problem> {
        if let Some(token) = held(app, headers) {
            let entry = app.store.submission(token.id).await?;
            if entry.is_none_or(|entry| token.opens(&entry.token_sha256)) {
                return Ok(Self { app, contest, token });
            }
        }
        Ok(Self { app, contest, token: Token::new()? })
    }

    /// What was typed before; `None` if there is no draft for the key.
    pub(super) async fn typed(&self) -> Result<Option<Answers>, Problem> {
        let draft = self.app.store.draft(self.token.id).await?;
        let ours = |draft: &Draft| self.token.opens(&draft.token_sha256) && draft.contest == self.contest.id;
        let Some(draft) = draft.filter(ours) else { return Ok(None) };
        let plain = self.app.keys.open(self.token.id, &draft.answers).map_err(anyhow::Error::from)?;
        Ok(Some(serde_json::from_slice(&plain).map_err(anyhow::Error::from)?))
    }

    /// Stores what was typed. `false` if there are too many drafts for another one: the page that is answered holds the
    /// answers all the same.
    pub(super) async fn keep(&self, answers: &Answers) -> Result<bool, Problem> {
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

    /// An answer that is too long is kept, so that it can be shortened, up to twice its limit.
    fn cut(&self, id: &str, text: &str) -> String {
        let most = self.contest.field(id).map_or(0, |field| field.max_chars as usize).max(LEAST_CHARS);
        text.chars().take(2 * most).collect()
    }
}
