//! The query of an address, parsed once for every route.
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::typed;
use crate::problem::{Code, Detail, Problem};

/// A query. An unknown parameter or a value that cannot be parsed is a problem.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        for (name, value) in &pairs.map_err(|err| Code::QueryWrong.about(Detail::of_parser(&err.body_text())))?.0 {
            typed::parameter(name, value)?;
        }
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(query)| Self(query)).map_err(|err| Code::QueryWrong.about(Detail::of_parser(&err.body_text())))
    }
}
