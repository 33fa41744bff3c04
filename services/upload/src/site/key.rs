//! `/entries/{receipt}/open` and `/entries/{receipt}/key`: the key that opens an entry. A form exchanges it for a
//! cookie, replaces it, or ends it. Opening a page changes nothing.
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use pages::serve::see;
use runtime::doors::{Door, Pseudonym, Reason};
use runtime::problem::{Code, Problem};
use runtime::serving::act::Act;
use runtime::serving::principal::Principal;

use super::entry::locked;
use super::opened::{Opened, path};
use super::problem::again;
use super::shell::Shell;
use super::typed::Typed;
use super::{cookies, shown};
use crate::app::App;
use crate::token::Token;
use crate::{act, receipt};

#[derive(Template)]
#[template(path = "entry_key.html")]
struct KeyPage {
    shell: Shell,
    opened: Opened,
    /// Whether links are sent by mail here.
    mails: bool,
}

/// POST …/open: exchanges the key for a cookie. The key of a mailed link becomes the key of the entry.
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    address: Option<Extension<Pseudonym>>,
    shell: Shell,
    Typed(form): Typed,
) -> Result<Response, Problem> {
    let (receipt, entry) = receipt::named(&app, &number).await?;
    let typed = form.get("key").map_or("", |key| key.trim());
    // A whole link may be pasted, too.
    let token = Token::read(typed.rsplit('#').next().unwrap_or_default());
    let opens = match &token {
        Some(token) if token.id == entry.id => {
            let act = Act::at_page(Some(Principal::Entrant(entry.id)), address.map(|Extension(it)| it));
            token.opens(&entry.token_sha256) || act::link::take(&app, &entry, token, &act).await?
        }
        _ => false,
    };
    let Some(token) = token.filter(|_| opens) else {
        let refused = Code::TokenWrong.refused(Door::Entrants, Reason::Wrong, Some(entry.id));
        return Ok(again(refused, locked(shell, receipt, &entry, StatusCode::FORBIDDEN)?));
    };
    let mut response = see(path(&receipt));
    response.headers_mut().insert(SET_COOKIE, cookies::keep_entry(&app, &receipt, &token));
    Ok(response)
}

/// GET …/key: explains replacing and ending the link.
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    headers: HeaderMap,
    shell: Shell,
) -> Result<Response, Problem> {
    let opened = Opened::of(&app, &headers, &number).await?;
    shown(&KeyPage { shell, opened, mails: app.mailer.is_some() })
}

/// POST …/key: replaces the key. The page of the entry shows the new link.
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    address: Option<Extension<Pseudonym>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = Opened::of(&app, &headers, &number).await?;
    let token = act::key::replace(&app, &opened.entry, &opened.act(address)).await?;
    let mut response = see(opened.path());
    response.headers_mut().insert(SET_COOKIE, cookies::keep_entry(&app, &opened.receipt, &token));
    Ok(response)
}

/// POST …/key/end: ends the key. The page with number and state remains.
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    address: Option<Extension<Pseudonym>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = Opened::of(&app, &headers, &number).await?;
    act::key::end(&app, &opened.entry, &opened.act(address)).await?;
    let mut response = see(opened.path());
    response.headers_mut().insert(SET_COOKIE, cookies::end_entry(&app, &opened.receipt));
    Ok(response)
}
