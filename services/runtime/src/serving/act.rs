//! A changing request of a person: the person, its body, its Idempotency-Key, and how its answer is stored with the
//! act.
//!
//! Every handler that changes something runs one transaction: `begin`, the act, `end`. So the act and the stored answer
//! commit together, or neither does. A refusal is not stored: nothing was done, and the same request may be tried
//! again.
use crate::doors::Pseudonym;
use crate::store::people::idempotency::{Answer, Begun, Keyed};
use crate::store::people::tokens::TokenRow;
use crate::store::submissions::history::By;
use crate::store::{Store, Transaction};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use pipeline::text::Limit;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::principal::Principal;
use super::typed;
use crate::problem::{Code, Detail, Problem};

/// Lengths of an Idempotency-Key: a UUID has 36 characters, and one shorter than 16 could by accident equal another
/// client's.
pub(super) const KEY_CHARS: std::ops::RangeInclusive<usize> = 16..=200;

/// A changing request.
pub struct Act {
    principal: Option<Principal>,
    address: Option<Pseudonym>,
    keyed: Option<Keyed>,
    body: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Act {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &S) -> Result<Self, Problem> {
        let principal = request.extensions().get::<Principal>().cloned();
        let address = request.extensions().get::<Pseudonym>().cloned();
        let key = key_of(request.headers())?;
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let body = Bytes::from_request(request, app).await.map_err(|_| Code::BodyTooLarge)?;
        let name = principal.as_ref().map_or_else(|| "anybody".to_owned(), Principal::text);
        let keyed = key.map(|key| Keyed::new(&name, &key, method.as_str(), &path, &body));
        Ok(Self { principal, address, keyed, body })
    }
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut sent = headers.get_all("idempotency-key").iter();
    let Some(key) = sent.next() else { return Ok(None) };
    let key = key.to_str().unwrap_or_default();
    let plain = key.bytes().all(|it| it.is_ascii_graphic());
    if sent.next().is_some() || !plain || !KEY_CHARS.contains(&key.len()) {
        return Err(Code::HeaderWrong.about(Detail::new(
            "idempotency-key：只能有一个，16 至 200 个可见 ASCII 字符，例如 UUID",
            "idempotency-key: once, 16 to 200 visible ASCII characters, such as a UUID",
        )));
    }
    Ok(Some(key.to_owned()))
}

impl Act {
    /// An act on a page. Its form has no Idempotency-Key; the page prevents that it is done twice.
    pub fn at_page(principal: Option<Principal>, address: Option<Pseudonym>) -> Self {
        Self { principal, address, keyed: None, body: Bytes::new() }
    }

    /// The body; an absent one counts as `{}`.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let body: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        typed::body(body)
    }

    /// The key under which a repetition is recognised.
    pub fn keyed(&self) -> Option<&Keyed> {
        self.keyed.as_ref()
    }

    /// Who does it, and why.
    pub fn by(&self, reason: Option<&str>) -> Result<By, Problem> {
        let reason = typed::optional("reason", reason, Limit::REASON)?;
        let by = match &self.principal {
            Some(Principal::Person(token)) => token.by(reason),
            Some(Principal::Entrant(_)) | None => By::ENTRANT.because(reason),
        };
        Ok(by.from_address(self.address.as_ref().map(ToString::to_string)))
    }

    /// The person's token. Routes of people have one; the gate has checked it.
    pub fn token(&self) -> Result<&TokenRow, Problem> {
        match &self.principal {
            Some(Principal::Person(token)) => Ok(token),
            Some(Principal::Entrant(_)) | None => Err(Code::RoleMissing.into()),
        }
    }

    /// The earlier answer, for a request whose preconditions may no longer hold.
    pub async fn answered(&self, store: &Store) -> Result<Option<Answer>, Problem> {
        let Some(keyed) = &self.keyed else { return Ok(None) };
        match store.answered(keyed).await? {
            Begun::First => Ok(None),
            Begun::Again(answer) => Ok(Some(answer)),
            Begun::AnotherRequest => Err(Code::IdempotencyKeyReused.into()),
        }
    }

    /// To be called first in the act's transaction. `Some`: it was done before, and this is the answer.
    pub async fn begin(&self, tx: &mut Transaction) -> anyhow::Result<Option<Answer>> {
        let Some(keyed) = &self.keyed else { return Ok(None) };
        match keyed.begin(tx).await? {
            Begun::First => Ok(None),
            Begun::Again(answer) => Ok(Some(answer)),
            Begun::AnotherRequest => Err(Problem::from(Code::IdempotencyKeyReused).into()),
        }
    }

    /// To be called last in the act's transaction.
    pub async fn end(
        &self,
        tx: &mut Transaction,
        status: StatusCode,
        body: &(impl Serialize + Sync),
    ) -> anyhow::Result<Answer> {
        self.end_at(tx, status, None, body).await
    }

    /// The same, for something new that has its own address.
    pub async fn end_at(
        &self,
        tx: &mut Transaction,
        status: StatusCode,
        location: Option<String>,
        body: &(impl Serialize + Sync),
    ) -> anyhow::Result<Answer> {
        let answer = Answer { status: status.as_u16(), location, body: serde_json::to_value(body)?, again: false };
        if let Some(keyed) = &self.keyed {
            keyed.end(tx, &answer).await?;
        }
        Ok(answer)
    }
}

/// An answer, ready to send.
pub struct Answered(pub Answer);

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        let Answer { status, location, body, again } = self.0;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response =
            if body.is_null() { status.into_response() } else { (status, axum::Json(body)).into_response() };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(location) = location.and_then(|it| HeaderValue::from_str(&it).ok()) {
            headers.insert(LOCATION, location);
        }
        if again {
            headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}
