//! Turns a problem into an RFC 9457 body in the language of the client.
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use pipeline::lang::Lang;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{FieldProblem, Problem};

/// A problem as clients receive it (RFC 9457, `application/problem+json`).
#[derive(Serialize, ToSchema)]
pub struct ProblemBody {
    /// `about:blank`: the code identifies it.
    #[serde(rename = "type")]
    kind: &'static str,
    /// One sentence in Chinese or English, by Accept-Language.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// Which field or header, and what is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Stable name of the problem, for programs.
    code: &'static str,
    /// Each wrong field of a form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<FieldProblem>,
}

/// The language that a client asked for.
pub fn lang_of(headers: &HeaderMap) -> Lang {
    let wish = headers.get(ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok());
    Lang::from_accept_language(wish.unwrap_or_default())
}

/// Middleware for every route.
pub async fn problems(request: Request, next: Next) -> Response {
    let lang = lang_of(request.headers());
    let bodiless = request.method() == Method::HEAD;
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    write(response, &problem, lang, bodiless)
}

fn write(response: Response, problem: &Problem, lang: Lang, bodiless: bool) -> Response {
    let row = problem.code.row();
    let body = ProblemBody {
        kind: "about:blank",
        title: match lang {
            Lang::Zh => row.zh,
            Lang::En => row.en,
        },
        status: row.status,
        detail: problem.detail.as_ref().map(|detail| detail.text(lang).to_owned()),
        code: row.code,
        fields: problem.fields.clone(),
    };
    let (mut parts, _) = response.into_parts();
    let headers = &mut parts.headers;
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(lang.tag()));
    headers.append(VARY, HeaderValue::from_static("Accept-Language"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(offset) = problem.offset {
        headers.insert("upload-offset", HeaderValue::from(offset));
    }
    if matches!(parts.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        headers.insert(RETRY_AFTER, HeaderValue::from(problem.retry_after_s()));
    }
    if parts.status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    // Texts and numbers always convert to JSON.
    let bytes = if bodiless { Vec::new() } else { serde_json::to_vec(&body).unwrap_or_default() };
    Response::from_parts(parts, bytes.into())
}

/// A problem is carried as an extension of an empty answer with its status; [`problems`] writes the body.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // Every status of the table is a valid one.
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        if let Some(denied) = self.denied() {
            response.extensions_mut().insert(denied);
        }
        response.extensions_mut().insert(self);
        response
    }
}
