//! A changing request of staff: its sender, its key, and its body as an act's request; and how an act's result is
//! answered.
use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use runtime::problem::Problem;
use runtime::serving::act::Act;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::act::{Caller, Done};

/// Who asks, and for what. An absent body counts as `{}`.
pub(crate) struct Wish<T>(pub(crate) Caller, pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Wish<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let act = Act::from_request(request, state).await?;
        let token = act.token()?;
        let caller = Caller {
            by: act.by(None)?,
            sees: token.sees(),
            roles: Some([token.held()].into()),
            key: act.keyed().cloned(),
        };
        Ok(Self(caller, act.body()?))
    }
}

impl<T: Serialize> Done<T> {
    /// The answer with this status.
    pub(crate) fn answer(self, status: StatusCode) -> Response {
        let mut response = (status, Json(self.value)).into_response();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.repeated {
            headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}

impl<T: Serialize> IntoResponse for Done<T> {
    fn into_response(self) -> Response {
        self.answer(StatusCode::OK)
    }
}
