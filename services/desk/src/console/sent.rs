//! Queries and forms of pages. A browser sends every field of a form; empty ones count as absent, so an option that was
//! not chosen has no value. A form's `key` recognises a form that is sent twice.
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use pipeline::id::ContestId;
use pipeline::text::{Lines, check};
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::typed;
use runtime::store::people::idempotency::Keyed;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::visit::Visit;
use crate::act::Caller;

/// The query of a page. An unknown parameter or a value that cannot be read is a problem.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let pairs = given(parts.uri.query().unwrap_or_default().as_bytes());
        for (name, value) in &pairs {
            typed::parameter(name, value)?;
        }
        read(&pairs).map(Self).map_err(|said| Code::QueryWrong.about(Detail::of_parser(&said)))
    }
}

/// A form that was sent.
pub struct Sent<T> {
    /// Its fields.
    pub form: T,
    key: Option<Uuid>,
    path: String,
    body: Bytes,
}

impl<T> Sent<T> {
    /// The person who sent it as the caller of an act on their own data. A form that is sent twice is done once.
    pub(crate) fn own(&self, visit: &Visit) -> Caller {
        Caller { key: self.keyed(visit), ..visit.own() }
    }

    /// The person who sent it as the caller of an act, within a contest. A form that is sent twice is done once.
    pub(crate) fn caller(&self, visit: &Visit, contest: Option<&ContestId>) -> Result<Caller, Problem> {
        Ok(Caller { key: self.keyed(visit), ..visit.caller(contest)? })
    }

    fn keyed(&self, visit: &Visit) -> Option<Keyed> {
        self.key.map(|key| Keyed::new(&visit.principal(), &key.to_string(), "POST", &self.path, &self.body))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        // A form without fields, such as a single button, has no type.
        if !kind.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(Code::BodyNotJson.into());
        }
        let path = request.uri().path().to_owned();
        let body = Bytes::from_request(request, state).await.map_err(|_| Code::BodyTooLarge)?;
        let mut pairs = given(&body);
        for (name, value) in &pairs {
            let unfit = |error| Code::TextUnfit.about(Detail::of_text(name, error));
            check(name, Lines::One).and_then(|()| check(value, Lines::Many)).map_err(unfit)?;
        }
        let key = pairs.iter().position(|(name, _)| name == "key").map(|at| pairs.remove(at).1);
        let key = key.map(|key| key.parse().map_err(|_| Code::FieldWrong.about("key"))).transpose()?;
        let form = read(&pairs).map_err(|said| Code::FormWrong.about(Detail::of_parser(&said)))?;
        Ok(Self { form, key, path, body })
    }
}

/// A form without fields of its own.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Nothing {}

/// Names and values as sent, without empty ones. Lines of a text end as on Unix.
fn given(sent: &[u8]) -> Vec<(String, String)> {
    let pairs = url::form_urlencoded::parse(sent).into_owned();
    pairs
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(name, value)| (name, value.replace("\r\n", "\n")))
        .collect()
}

/// A field that is sent several times is a list.
fn read<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, String> {
    let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    serde_html_form::from_str(&text).map_err(|err| err.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Filter {
        state: Option<String>,
        works: Vec<Uuid>,
        limit: Option<u32>,
    }

    #[test]
    fn what_was_left_empty_is_absent_and_what_comes_several_times_is_a_list() {
        let two = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let sent = format!("state=&limit=20&works={}&works={}", two[0], two[1]);
        let read_back: Filter = read(&given(sent.as_bytes())).unwrap();
        assert_eq!(read_back, Filter { state: None, works: two.into(), limit: Some(20) });
        assert!(read::<Filter>(&given(b"sate=x")).is_err());
    }
}
