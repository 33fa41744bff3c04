//! An entrant's key in a browser: the token of a draft or an entry, in a cookie that is sent to the pages of that draft or entry only. The
//! cookie is HttpOnly and SameSite=Lax, and over https it exists on https only.
use axum::http::{HeaderMap, HeaderValue};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use pages::serve;
use pipeline::catalogue::Contest;
use pipeline::receipt::Receipt;
use runtime::store::submissions::SubmissionRow;

use crate::app::App;
use crate::token::Token;

/// How long a browser keeps the key of a draft: at least as long as the server keeps the draft.
const OF_A_DRAFT: Duration = Duration::days(30);
/// How long it keeps the key of an entry. The entrant also has it in their link.
const OF_AN_ENTRY: Duration = Duration::days(180);

/// The key of an entry that a browser sends, if it opens the entry.
pub(super) fn of_entry(app: &App, headers: &HeaderMap, entry: &SubmissionRow) -> Option<Token> {
    let token = Token::read(&serve::cookie(headers, &name(app, "entry"))?)?;
    (token.id == entry.id && token.opens(&entry.token_sha256)).then_some(token)
}

/// How long a browser keeps the key of an entry that a unit opened: as long as a session without a request. The computer
/// of an office has many users.
const OF_A_LOAN: Duration = Duration::minutes(30);

/// Keeps the key of an entry that its unit opens.
pub fn lend_entry(app: &App, receipt: &Receipt, token: &Token) -> HeaderValue {
    set(app, "entry", token.text(), &format!("/entries/{receipt}"), OF_A_LOAN)
}

/// Keeps the key of an entry for the pages of that entry.
pub(super) fn keep_entry(app: &App, receipt: &Receipt, token: &Token) -> HeaderValue {
    set(app, "entry", token.text(), &format!("/entries/{receipt}"), OF_AN_ENTRY)
}

/// Deletes it when it is no longer valid.
pub(super) fn end_entry(app: &App, receipt: &Receipt) -> HeaderValue {
    set(app, "entry", "", &format!("/entries/{receipt}"), Duration::ZERO)
}

/// The key of the draft begun in this browser.
pub(super) fn of_draft(app: &App, headers: &HeaderMap) -> Option<Token> {
    Token::read(&serve::cookie(headers, &name(app, "draft"))?)
}

/// Keeps the key of a draft for the pages of its contest.
pub(super) fn keep_draft(app: &App, contest: &Contest, token: &Token) -> HeaderValue {
    set(app, "draft", token.text(), &format!("/contests/{}", contest.id), OF_A_DRAFT)
}

/// Deletes it, once the draft has become an entry.
pub(super) fn end_draft(app: &App, contest: &Contest) -> HeaderValue {
    set(app, "draft", "", &format!("/contests/{}", contest.id), Duration::ZERO)
}

/// A cookie's name: over https with the prefix that prevents plain connections from setting it.
fn name(app: &App, of: &str) -> String {
    if is_https(app) { format!("__Secure-{of}") } else { of.to_owned() }
}

fn is_https(app: &App) -> bool {
    app.settings.public_url.starts_with("https://")
}

fn set(app: &App, of: &str, value: &str, path: &str, age: Duration) -> HeaderValue {
    let cookie = Cookie::build((name(app, of), value.to_owned())).path(path.to_owned()).http_only(true);
    let cookie = cookie.same_site(SameSite::Lax).secure(is_https(app)).max_age(age).build();
    // Ids, base64url and our own paths.
    HeaderValue::from_str(&cookie.to_string()).unwrap_or(HeaderValue::from_static(""))
}
