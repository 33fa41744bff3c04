//! The cookies of the console: the session, and the language that a person chose, which all pages share.
//!
//! Over https the session's name begins with `__Host-`, so no other host and no plain connection can set it. Over http it exists on this
//! machine only, without the prefix, which browsers would refuse there.
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::{HeaderValue, Uri};
use cookie::{Cookie, SameSite};
use pages::serve;
use pipeline::lang::Lang;
use runtime::problem::{Code, Detail, Problem};
use runtime::store::sessions::SessionSecret;
use runtime::transport::is_this_machine;

use crate::Desk;

/// The session's name over https, and over http on this machine.
const OVER_HTTPS: &str = "__Host-rm";
const OVER_HTTP: &str = "rm";

/// Whether the desk is reached over https.
fn is_https(desk: &Desk) -> bool {
    desk.url.starts_with("https://")
}

/// Whether a session may exist on this connection: over https, or on this machine.
pub(crate) fn may_have_session(desk: &Desk, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let here = || format!("http://{host}").parse::<Uri>().is_ok_and(|uri| uri.host().is_some_and(is_this_machine));
    is_https(desk) || here()
}

/// Refuses what must not cross a network in clear: passwords, second factors, and what a sign-in answers.
pub(crate) fn check_line(desk: &Desk, headers: &HeaderMap) -> Result<(), Problem> {
    let detail = || Detail::new("请通过 https 地址打开控制台", "open the console by its https address");
    if may_have_session(desk, headers) { Ok(()) } else { Err(Code::StateWrong.about(detail())) }
}

/// The session that a browser sent.
pub(crate) fn session(desk: &Desk, headers: &HeaderMap) -> Option<SessionSecret> {
    SessionSecret::parse(&serve::cookie(headers, if is_https(desk) { OVER_HTTPS } else { OVER_HTTP })?)
}

/// Sets the session.
pub(crate) fn set_session(desk: &Desk, secret: &SessionSecret) -> HeaderValue {
    header(session_cookie(desk, secret.text()))
}

/// Takes the session away.
pub(crate) fn end_session(desk: &Desk) -> HeaderValue {
    let mut cookie = session_cookie(desk, String::new());
    cookie.set_max_age(cookie::time::Duration::ZERO);
    header(cookie)
}

/// The language that was chosen.
pub(crate) fn lang(headers: &HeaderMap) -> Option<Lang> {
    serve::lang(headers)
}

/// Keeps the language.
pub(crate) fn set_lang(desk: &Desk, lang: Lang) -> HeaderValue {
    serve::set_lang(lang, is_https(desk))
}

/// A cookie of the browser's session: without an age, it goes when the browser is closed.
fn session_cookie(desk: &Desk, value: String) -> Cookie<'static> {
    let https = is_https(desk);
    let name = if https { OVER_HTTPS } else { OVER_HTTP };
    Cookie::build((name, value)).path("/").http_only(true).same_site(SameSite::Lax).secure(https).build()
}

fn header(cookie: Cookie<'_>) -> HeaderValue {
    // Names and values of ours are base64url, hex and words.
    HeaderValue::from_str(&cookie.to_string()).unwrap_or(HeaderValue::from_static(""))
}
