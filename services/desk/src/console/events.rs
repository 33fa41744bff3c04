//! GET /events: server-sent events for the pages that are open, one stream a page.
//!
//! The deadline of requests ends with the head of the answer (`places::Until::Answered`), which a stream sends at once; so it neither holds a
//! place among the requests nor is cut off. How many there are is bounded by [`crate::live`], and a client that takes nothing by the server.
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::http::{HeaderName, Method};
use axum::middleware::Next;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::{StreamExt, stream};
use runtime::problem::Problem;

use super::{Visit, page};
use crate::http::routes::Route;
use crate::live::Update;
use crate::serve::Service;

/// Proxies end a connection that is silent for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a browser waits before it connects again.
const AGAIN: Duration = Duration::from_secs(5);
/// nginx passes the answer on as it comes.
const UNBUFFERED: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

pub(crate) fn routes() -> Vec<Route> {
    vec![page("/events", &[], get(events))]
}

async fn events(State(service): State<Service>, visit: Visit) -> Result<Response, Problem> {
    let reader = service.live.read(visit.person, visit.session, service.stop)?;
    // At once, so that proxies and browsers see that the stream is open.
    let first = stream::once(async { Ok::<_, Infallible>(Event::default().retry(AGAIN).comment("open")) });
    let updates = stream::unfold((reader, service.desk), async |(mut reader, desk)| {
        let update = reader.next(&desk.store).await?;
        Some((Ok(event(&update)), (reader, desk)))
    });
    let events = Sse::new(first.chain(updates)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    Ok(([(CACHE_CONTROL, "no-store"), UNBUFFERED], events).into_response())
}

fn event(update: &Update) -> Event {
    match update {
        // It is text and ids: nothing that could fail to become JSON.
        Update::Changed(change) => Event::default().data(serde_json::to_string(change).unwrap_or_default()),
        Update::Missed => Event::default().event("missed").data("look again"),
    }
}

/// Whether a page asks by itself, to stay up to date: that prolongs no session.
pub(crate) fn is_refresh(head: &Parts) -> bool {
    head.headers.contains_key("x-reelmill-live") || head.uri.path() == "/events"
}

/// Where acts of persons and sessions begin.
const OF_SESSIONS: [&str; 5] = ["/sign-out", "/me", "/invitation/", "/people", "/api/v1/persons"];

/// Middleware around every route: after an act that may have ended a session, a person or a role, every stream checks its own.
pub(crate) async fn check_streams(State(service): State<Service>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let may_end = request.method() != Method::GET && OF_SESSIONS.iter().any(|begin| path.starts_with(begin));
    let response = next.run(request).await;
    if may_end {
        service.live.check_sessions();
    }
    response
}
