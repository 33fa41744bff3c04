//! What surrounds every verb of the protocol: its version, and the method that a request is meant to have.
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use runtime::problem::{Code, Problem};

/// The only supported version.
pub(crate) const VERSION: &str = "1.0.0";
/// Names the method that a request is meant to have.
const OVERRIDE: &str = "x-http-method-override";

/// Middleware around the protocol's routes: every request except discovery states the version, and every answer too. A
/// method that the protocol does not have is refused as such, whatever version the request states.
pub(crate) async fn required(request: Request, next: Next) -> Response {
    let stated = request.headers().get("tus-resumable");
    let spoken = matches!(*request.method(), Method::POST | Method::HEAD | Method::PATCH | Method::DELETE);
    let right = !spoken || stated.is_some_and(|it| it == VERSION);
    let mut response =
        if right { next.run(request).await } else { Problem::from(Code::VersionUnsupported).into_response() };
    let headers = response.headers_mut();
    headers.insert("tus-resumable", HeaderValue::from_static(VERSION));
    if response.status() == StatusCode::PRECONDITION_FAILED {
        response.headers_mut().insert("tus-version", HeaderValue::from_static(VERSION));
    }
    response
}

/// Middleware before everything else of the protocol: a request gets the method in `X-HTTP-Method-Override`, for
/// networks that only pass GET and POST. So all limits and checks by method use the effective one.
pub(crate) async fn overridden(mut request: Request, next: Next) -> Response {
    let mut wishes = request.headers().get_all(OVERRIDE).iter();
    if let Some(wished) = wishes.next() {
        let wished = wished.to_str().ok().and_then(|it| Method::from_bytes(it.to_ascii_uppercase().as_bytes()).ok());
        // With two of them a proxy before us could act by one and we by the other.
        let Some(wished) = wished.filter(|_| wishes.next().is_none()) else {
            return Problem::from(Code::MethodUnknown).into_response();
        };
        request.headers_mut().remove(OVERRIDE);
        *request.method_mut() = wished;
    }
    next.run(request).await
}
