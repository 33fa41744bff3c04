//! An entry form as a browser sends it: names of fields and what was typed into them. Nothing is checked here.
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use pipeline::catalogue::Contest;
use pipeline::form::Answers;
use runtime::problem::{Code, Problem};

/// The content type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// The fields of a form. Lines of a text end as on Unix.
pub(crate) struct Typed(pub(crate) Answers);

impl Typed {
    /// The answers to a contest's questions. Other fields are ignored.
    pub(crate) fn answers(self, contest: &Contest) -> Answers {
        self.0.into_iter().filter(|(name, _)| contest.field(name).is_some()).collect()
    }
}

impl<S: Send + Sync> FromRequest<S> for Typed {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        // A form without fields, such as a single button, has no type.
        if !kind.is_empty() && !kind.starts_with(FORM) {
            return Err(Code::BodyNotJson.into());
        }
        let body = Bytes::from_request(request, state).await.map_err(|_| Code::BodyTooLarge)?;
        let pairs = url::form_urlencoded::parse(&body).into_owned();
        Ok(Self(pairs.map(|(name, text)| (name, text.replace("\r\n", "\n"))).collect()))
    }
}
