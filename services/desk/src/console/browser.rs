//! The browser at a sign-in: what acts learn about it, and the cookies that it gets.
use axum::http::HeaderMap;
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::response::Response;
use runtime::doors::Pseudonym;

use super::cookie;
use crate::Desk;
use crate::act::sign_in::{SignedIn, Visitor};

/// The client as acts of sign-in know it.
pub(super) fn visitor(desk: &Desk, address: Option<&Pseudonym>, headers: &HeaderMap) -> Visitor {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    Visitor::new(address.map(ToString::to_string), agent, cookie::device(desk, headers))
}

/// An answer that also sets the browser's session cookie and device cookie.
pub(super) fn with_cookie(desk: &Desk, mut response: Response, signed_in: &SignedIn) -> Response {
    response.headers_mut().append(SET_COOKIE, cookie::set_session(desk, &signed_in.cookie));
    response.headers_mut().append(SET_COOKIE, cookie::set_device(desk, &signed_in.device));
    response
}

/// An answer that also deletes the session cookie.
pub(super) fn without_cookie(desk: &Desk, mut response: Response) -> Response {
    response.headers_mut().append(SET_COOKIE, cookie::end_session(desk));
    response
}
