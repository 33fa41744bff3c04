//! Numbers and dates in the protocol's headers.
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, HeaderValue};
use chrono::{DateTime, Utc};

use runtime::problem::{Code, Problem};

/// The content type of bytes.
pub(crate) const BYTES: &str = "application/offset+octet-stream";

/// A header as text; `None` if absent.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    value.to_str().map(Some).map_err(|_| Code::HeaderWrong.about(name))
}

/// A header as a number of bytes; `None` if absent. Digits only: no sign, no space, nothing above what S3 and the
/// database support.
pub(crate) fn number(headers: &HeaderMap, name: &'static str) -> Result<Option<u64>, Problem> {
    let Some(text) = text(headers, name)? else { return Ok(None) };
    let digits = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let value = text.parse::<u64>().ok().filter(|value| digits && i64::try_from(*value).is_ok());
    value.map(Some).ok_or_else(|| Code::HeaderWrong.about(name))
}

/// The body's size, if the client declared it.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// `Upload-Expires`: an IMF-fixdate (RFC 9110 §5.6.7).
pub(crate) fn date(at: DateTime<Utc>) -> HeaderValue {
    let text = at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    // A date contains only characters that a header allows.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits() {
        let check = |text: &str, wanted: Option<u64>| {
            let headers = HeaderMap::from_iter([("upload-offset".parse().unwrap(), text.parse().unwrap())]);
            assert_eq!(number(&headers, "upload-offset").ok().flatten(), wanted, "{text:?}");
        };
        check("0", Some(0));
        check("17", Some(17));
        check("9223372036854775807", Some(i64::MAX as u64));
        for wrong in ["", "+1", "-1", " 1", "1 ", "1.0", "0x1", "9223372036854775808", "99999999999999999999"] {
            check(wrong, None);
        }
        assert_eq!(number(&HeaderMap::new(), "upload-offset").unwrap(), None);
    }

    #[test]
    fn an_expiry_is_written_as_http_wants_it() {
        let at = DateTime::from_timestamp(784_111_777, 0).unwrap();
        assert_eq!(date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
