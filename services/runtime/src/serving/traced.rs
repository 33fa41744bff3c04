//! A span for each request, the root of its trace.
use crate::telemetry::spans;
use axum::extract::{MatchedPath, Request};
use axum::http::Version;
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

/// Middleware for every route. A request that matches no route gets no span.
pub async fn traced(request: Request, next: Next) -> Response {
    let Some(route) = request.extensions().get::<MatchedPath>().cloned() else { return next.run(request).await };
    let version = if request.version() == Version::HTTP_2 { "2" } else { "1.1" };
    let span = spans::request(request.method().as_str(), route.as_str(), version);
    let response = next.run(request).instrument(span.clone()).await;
    spans::responded(&span, response.status().as_u16());
    response
}
