//! Counts and times requests, by route and class of answer. A route is its pattern: an id in an address is no label.
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::routes;

/// Middleware around every route. What matches none is one route.
pub(crate) async fn count(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let begun = Instant::now();
    let response = next.run(request).await;
    let route = matched.as_ref().map_or("none", MatchedPath::as_str);
    let calls = &app.store.metrics().calls;
    calls.http_requests.with_label_values(&[route, class(response.status())]).inc();
    calls.http_request_seconds.with_label_values(&[route]).observe(begun.elapsed().as_secs_f64());
    response
}

/// Every route's usual answer and our own failure at 0, so that a rate of errors can be asked for before there was one.
pub(crate) fn begin(app: &App) {
    for route in routes::list() {
        for code in ["2xx", "5xx"] {
            app.store.metrics().calls.http_requests.with_label_values(&[route.path, code]);
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
