//! The cookies of the console and of the pages of recommending units: the session; the device, by which a browser is
//! recognised at the next sign-in; the choice made with an invitation; and the chosen language, which all pages share.
//!
//! Over https the name of each that contains a secret begins with `__Host-`, so no other host and no plain connection
//! can set it. Over http it exists on this machine only, without the prefix, which browsers would refuse there.
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::{HeaderValue, Uri};
use cookie::{Cookie, SameSite};
use pages::serve;
use pipeline::lang::Lang;
use runtime::doors::Reason;
use runtime::problem::{Code, Detail, Problem};
use runtime::store::people::invitations::ChooserSecret;
use runtime::store::people::sessions::{SessionSecret, Site};
use runtime::transport::is_this_machine;

use crate::Desk;
use crate::act::sign_in::Device;

/// A cookie with a secret: its name over https, and over http on this machine.
struct Name {
    https: &'static str,
    http: &'static str,
}

/// The names of a site's cookies. Sites that share a host name must not use each other's.
struct Names {
    /// The session.
    session: Name,
    /// The device.
    device: Name,
    /// The choice of password and second factor made with an invitation, until its confirmation.
    chooser: Name,
}

const CONSOLE: Names = Names {
    session: Name { https: "__Host-rm", http: "rm" },
    device: Name { https: "__Host-rm-device", http: "rm-device" },
    chooser: Name { https: "__Host-rm-invitation", http: "rm-invitation" },
};
const UNITS: Names = Names {
    session: Name { https: "__Host-rm-unit", http: "rm-unit" },
    device: Name { https: "__Host-rm-unit-device", http: "rm-unit-device" },
    chooser: Name { https: "__Host-rm-unit-invitation", http: "rm-unit-invitation" },
};

fn names(desk: &Desk) -> &'static Names {
    match desk.site {
        Site::Console => &CONSOLE,
        Site::Units => &UNITS,
    }
}

/// How long a browser keeps the device cookie: as long as it is accepted.
const DEVICE_KEPT: cookie::time::Duration = cookie::time::Duration::seconds(Device::KEPT.num_seconds());

/// Whether the site is served over https.
fn is_https(desk: &Desk) -> bool {
    desk.url.starts_with("https://")
}

/// Whether a session may exist on this connection: over https, or on this machine.
pub(crate) fn may_have_session(desk: &Desk, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let here = || format!("http://{host}").parse::<Uri>().is_ok_and(|uri| uri.host().is_some_and(is_this_machine));
    is_https(desk) || here()
}

/// Refuses to send secrets over plain http: passwords, second factors, and the answers of a sign-in.
pub fn check_line(desk: &Desk, headers: &HeaderMap) -> Result<(), Problem> {
    let detail = || Detail::new("请通过 https 地址打开本页", "open this page by its https address");
    if may_have_session(desk, headers) { Ok(()) } else { Err(Code::StateWrong.about(detail())) }
}

/// The session that a browser sent, or why there is none.
pub(crate) fn session(desk: &Desk, headers: &HeaderMap) -> Result<SessionSecret, Reason> {
    let sent = secret(desk, headers, &names(desk).session).ok_or(Reason::Missing)?;
    SessionSecret::parse(&sent).ok_or(Reason::Malformed)
}

/// Sets the session.
pub(crate) fn set_session(desk: &Desk, secret: &SessionSecret) -> HeaderValue {
    header(holding(desk, &names(desk).session, secret.text()))
}

/// Deletes the session.
pub(crate) fn end_session(desk: &Desk) -> HeaderValue {
    gone(desk, &names(desk).session)
}

/// The device that a browser sent.
pub(crate) fn device(desk: &Desk, headers: &HeaderMap) -> Option<Device> {
    Device::read(desk, &secret(desk, headers, &names(desk).device)?)
}

/// Sets the device.
pub(crate) fn set_device(desk: &Desk, device: &str) -> HeaderValue {
    let mut cookie = holding(desk, &names(desk).device, device.to_owned());
    cookie.set_max_age(DEVICE_KEPT);
    header(cookie)
}

/// The browser's cookie for the choice made with an invitation.
pub(crate) fn chooser(desk: &Desk, headers: &HeaderMap) -> Option<ChooserSecret> {
    ChooserSecret::parse(&secret(desk, headers, &names(desk).chooser)?)
}

/// Sets it.
pub(crate) fn set_chooser(desk: &Desk, secret: &ChooserSecret) -> HeaderValue {
    header(holding(desk, &names(desk).chooser, secret.text()))
}

/// Deletes it.
pub(crate) fn end_chooser(desk: &Desk) -> HeaderValue {
    gone(desk, &names(desk).chooser)
}

/// The language that was chosen.
pub(crate) fn lang(headers: &HeaderMap) -> Option<Lang> {
    serve::lang(headers)
}

/// Stores the language.
pub(crate) fn set_lang(desk: &Desk, lang: Lang) -> HeaderValue {
    serve::set_lang(lang, is_https(desk))
}

/// A cookie with a secret. Without an age, it is deleted when the browser is closed.
fn holding(desk: &Desk, name: &Name, value: String) -> Cookie<'static> {
    let https = is_https(desk);
    let name = if https { name.https } else { name.http };
    Cookie::build((name, value)).path("/").http_only(true).same_site(SameSite::Lax).secure(https).build()
}

/// Deletes a cookie.
fn gone(desk: &Desk, name: &Name) -> HeaderValue {
    let mut cookie = holding(desk, name, String::new());
    cookie.set_max_age(cookie::time::Duration::ZERO);
    header(cookie)
}

/// The value of a cookie with a secret. One that could have been set elsewhere is ignored.
fn secret(desk: &Desk, headers: &HeaderMap, name: &Name) -> Option<String> {
    serve::cookie(headers, if is_https(desk) { name.https } else { name.http })
}

fn header(cookie: Cookie<'_>) -> HeaderValue {
    // Our names and values are base64url, full stops and words.
    HeaderValue::from_str(&cookie.to_string()).unwrap_or(HeaderValue::from_static(""))
}
