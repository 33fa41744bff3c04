//! Counts and times requests, by port, route and class of answer. A route is its pattern: an id in an address is not a
//! label.
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

use crate::metrics::Metrics;

/// What the middleware needs: the metrics, and at which of [`crate::metrics::PORTS`] the routes are served.
pub type Counted = (Metrics, &'static str);

/// Middleware for every route. All requests without a matching route count as one route.
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

/// The class of an answer, which turns a hundred codes into four series.
fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        0..400 => "2xx",
        // A class of its own: many of these mean that we limit clients, which no other 4xx does.
        429 => "429",
        400..500 => "4xx",
        500.. => "5xx",
    }
}
