//! Refusals by the embedded object store: refusals of `s3s`, read from its answers, are logged like those of every
//! door.
use axum::http::{Request, StatusCode};
use s3s::{Body, HttpResponse};

use crate::doors::{Denied, Door, Reason};

/// Whether a request carries a signature, in its head or in its address.
pub(super) fn is_signed<B>(request: &Request<B>) -> bool {
    request.headers().contains_key("authorization")
        || request.uri().query().is_some_and(|query| query.contains("Signature="))
}

/// The refusal in an answer, if it is one. `access_key` is the only existing key; any other is unknown, and is not
/// repeated.
pub(super) fn refusal(answer: &HttpResponse<Body>, signed: bool, access_key: &str) -> Option<Denied> {
    if !matches!(answer.status(), StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST) {
        return None;
    }
    let body = answer.body().bytes()?;
    let text = String::from_utf8_lossy(&body);
    let (reason, code) = match between(&text, "<Code>", "</Code>")? {
        "SignatureDoesNotMatch" => (Reason::Wrong, "SignatureDoesNotMatch"),
        "NotSignedUp" => (Reason::Unknown, "NotSignedUp"),
        "InvalidAccessKeyId" => (Reason::Unknown, "InvalidAccessKeyId"),
        "RequestTimeTooSkewed" => (Reason::Ended, "RequestTimeTooSkewed"),
        // With a signature, it has expired.
        "AccessDenied" if signed => (Reason::Ended, "AccessDenied"),
        "AccessDenied" => (Reason::Missing, "AccessDenied"),
        "InvalidRequest" if text.contains("authorization") => (Reason::Malformed, "InvalidRequest"),
        _ => return None,
    };
    let known = matches!(reason, Reason::Wrong | Reason::Ended);
    Some(Denied { door: Door::S3, reason, code, credential: known.then(|| access_key.to_owned()) })
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(inside, _)| inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &'static str, signed: bool) -> Option<(Reason, Option<String>)> {
        let mut answer = HttpResponse::new(Body::from(body.to_owned()));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        refusal(&answer, signed, "ours").map(|it| (it.reason, it.credential))
    }

    #[test]
    fn a_refusal_is_told_from_other_answers_and_names_only_our_own_key() {
        let ours = || Some("ours".to_owned());
        let error = "<Error><Code>SignatureDoesNotMatch</Code></Error>";
        assert_eq!(check(403, error, true), Some((Reason::Wrong, ours())));
        assert_eq!(check(200, error, true), None);
        assert_eq!(check(403, "<Error><Code>NotSignedUp</Code></Error>", true), Some((Reason::Unknown, None)));
        assert_eq!(check(403, "<Error><Code>AccessDenied</Code></Error>", false), Some((Reason::Missing, None)));
        assert_eq!(check(403, "<Error><Code>AccessDenied</Code></Error>", true), Some((Reason::Ended, ours())));
        assert_eq!(check(400, "<Error><Code>EntityTooSmall</Code></Error>", true), None);
    }
}
