//! The sender of a request and the submission that its address names, as determined by the gates in front of the
//! routes.
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use pipeline::id::SubmissionId;

use crate::problem::{Code, Problem};
use crate::store::people::tokens::TokenRow;
use crate::store::submissions::SubmissionRow;

/// The sender of a request.
#[derive(Clone, Debug)]
pub enum Principal {
    /// An entrant, by the token of that submission.
    Entrant(SubmissionId),
    /// A member of staff, by a token of the desk.
    Person(Arc<TokenRow>),
}

impl Principal {
    /// Its name, distinct from all others.
    pub(crate) fn text(&self) -> String {
        match self {
            Principal::Entrant(submission) => format!("entrant {submission}"),
            Principal::Person(token) => format!("token {}", token.id),
        }
    }
}

/// The submission that the address names, which the sender may see.
#[derive(Clone)]
pub struct Subject(pub Arc<SubmissionRow>);

/// The sender, on a route of staff.
pub struct Person(pub Arc<TokenRow>);

impl<S: Send + Sync> FromRequestParts<S> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extensions.get() {
            Some(Principal::Person(token)) => Ok(Self(token.clone())),
            Some(Principal::Entrant(_)) | None => Err(Code::RoleMissing.into()),
        }
    }
}

/// The text of `Authorization: Bearer`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
