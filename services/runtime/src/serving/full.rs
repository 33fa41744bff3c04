//! The answer to a request or a connection that finds no free slot: its code, its status, its sentence in both languages,
//! and when to try again.
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Seconds after which a refused client should try again.
pub const RETRY_AFTER_S: u32 = 5;

/// Why there is no free slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Every slot is taken.
    Everywhere,
    /// This address has used its share.
    Address,
}

impl Full {
    /// The stable name that clients read.
    pub const fn code(self) -> &'static str {
        match self {
            Full::Everywhere => "overloaded",
            Full::Address => "too_many_at_once",
        }
    }

    /// 503, or 429 if other addresses would get a slot.
    pub const fn status(self) -> StatusCode {
        match self {
            Full::Everywhere => StatusCode::SERVICE_UNAVAILABLE,
            Full::Address => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// The text for people, in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Full::Everywhere => "当前请求过多，请稍后再试。",
            Full::Address => "来自该网络地址的并发请求过多，请稍后再试。",
        }
    }

    /// The text for people, in English.
    pub const fn en(self) -> &'static str {
        match self {
            Full::Everywhere => {
                "There is more to do at the moment than can be done; please try again in a few seconds."
            }
            Full::Address => "Too much is asked for at once from this address; please try again in a few seconds.",
        }
    }

    /// A problem (RFC 9457) in both languages, for clients whose language is not known.
    pub(super) fn body(self) -> String {
        let (status, code) = (self.status().as_u16(), self.code());
        let (zh, en) = (self.zh(), self.en());
        format!(r#"{{"type":"about:blank","title":"{zh} {en}","status":{status},"code":"{code}"}}"#)
    }
}

impl IntoResponse for Full {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, "application/problem+json".to_owned()),
            (header::RETRY_AFTER, RETRY_AFTER_S.to_string()),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ];
        (self.status(), headers, self.body()).into_response()
    }
}
