//! The two cookies of the console: the session, and the language that a person chose.
//!
//! Over https the session's name begins with `__Host-`, so no other host and no plain connection can set it. Over http it exists on this
//! machine only, without the prefix, which browsers would refuse there.
use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HOST};
use axum::http::{HeaderValue, Uri};
use cookie::{Cookie, SameSite};
use pipeline::lang::Lang;
use runtime::problem::{Code, Detail, Problem};
use runtime::store::sessions::SessionSecret;
use runtime::transport::is_this_machine;

use crate::Desk;

/// The session's name over https, and over http on this machine.
const OVER_HTTPS: &str = "__Host-rm";
const OVER_HTTP: &str = "rm";
/// The language, `zh` or `en`.
const LANG: &str = "lang";
/// How long a browser keeps the language.
const LANG_KEPT: cookie::time::Duration = cookie::time::Duration::days(365);

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
    SessionSecret::parse(value(headers, if is_https(desk) { OVER_HTTPS } else { OVER_HTTP })?.as_str())
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
    match value(headers, LANG)?.as_str() {
        "zh" => Some(Lang::Zh),
        "en" => Some(Lang::En),
        _ => None,
    }
}

/// Keeps the language.
pub(crate) fn set_lang(desk: &Desk, lang: Lang) -> HeaderValue {
    let cookie = Cookie::build((LANG, lang.tag())).path("/").same_site(SameSite::Lax).http_only(true);
    header(cookie.secure(is_https(desk)).max_age(LANG_KEPT).build())
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

/// The value of a cookie. One that came twice is none: a browser sends ours once.
fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut found = lines.flat_map(Cookie::split_parse).flatten().filter(|cookie| cookie.name() == name);
    let value = found.next()?.value().to_owned();
    found.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(line: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(line))])
    }

    #[test]
    fn a_cookie_is_found_among_others_and_counts_once() {
        assert_eq!(value(&sent("a=1; lang=en; b=2"), "lang").as_deref(), Some("en"));
        assert_eq!(lang(&sent("lang=en")), Some(Lang::En));
        assert_eq!(lang(&sent("lang=fr")), None);
        assert_eq!(value(&sent("lang=en; lang=zh"), "lang"), None);
    }
}
