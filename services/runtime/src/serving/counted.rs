//! Counts and times requests, by port, route and class of answer. A route is its pattern: an id in an address is no label.
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

use crate::metrics::Metrics;

/// What the middleware counts with: the metrics, and which of [`crate::metrics::PORTS`] the routes are served at.
pub type Counted = (Metrics, &'static str);

/// Middleware around every route. What matches none is one route.
pub async fn count(State((metrics, port)): State<Counted>, request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let begun = Instant::now();
    let response = next.run(request).await;
    let route = matched.as_ref().map_or("none", MatchedPath::as_str);
    let calls = &metrics.calls;
    calls.http_requests.with_label_values(&[port, route, class(response.status())]).inc();
    calls.http_request_seconds.with_label_values(&[port, route]).observe(begun.elapsed().as_secs_f64());
    response
}

/// Starts every route's usual answer and our own failure at 0, so that a rate of errors can be queried before the first error.
pub fn begin(metrics: &Metrics, port: &'static str, routes: impl IntoIterator<Item = &'static str>) {
    for route in routes {
        for code in ["2xx", "5xx"] {
            metrics.calls.http_requests.with_label_values(&[port, route, code]);
        }
    }
}

/// The class of an answer, so that a hundred codes are four series.
fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        0..400 => "2xx",
        // By itself: many of them say that we hold people off, which no other of the fours does.
        429 => "429",
        400..500 => "4xx",
        500.. => "5xx",
    }
}
