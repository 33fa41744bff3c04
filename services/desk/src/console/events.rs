//! GET /events: server-sent events for open pages, one stream per page.
//!
//! The deadline of requests ends with the headers of the answer (`places::Until::Answered`), which a stream sends at
//! once; so it takes no request slot and is not cut off. The number of streams is limited by [`crate::live`], and a
//! client that does not read is disconnected by the server.
use std::convert::Infallible;
use std::sync::Arc;
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
use crate::Desk;
use crate::live::{Live, Update};
use crate::route::Route;
use crate::service::Streams;

/// Proxies end a connection that is silent for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a browser waits before it reconnects.
const AGAIN: Duration = Duration::from_secs(5);
/// Makes nginx pass the answer on without buffering.
const UNBUFFERED: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

pub(crate) fn routes() -> Vec<Route> {
    vec![page("/events", &[], get(events))]
}

async fn events(
    State(desk): State<Arc<Desk>>,
    State(streams): State<Streams>,
    visit: Visit,
) -> Result<Response, Problem> {
    let reader = streams.live.read(visit.person, visit.session, streams.stop)?;
    // At once, so that proxies and browsers see that the stream is open.
    let first = stream::once(async { Ok::<_, Infallible>(Event::default().retry(AGAIN).comment("open")) });
    let updates = stream::unfold((reader, desk), async |(mut reader, desk)| {
        let update = reader.next(&desk.store).await?;
        Some((Ok(event(&update)), (reader, desk)))
    });
    let events = Sse::new(first.chain(updates)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    Ok(([(CACHE_CONTROL, "no-store"), UNBUFFERED], events).into_response())
}

fn event(update: &Update) -> Event {
    match update {
        // Text and ids only: the conversion to JSON cannot fail.
        Update::Changed(change) => Event::default().data(serde_json::to_string(change).unwrap_or_default()),
        Update::Missed => Event::default().event("missed").data("look again"),
    }
}

/// Whether a page sent the request by itself to stay up to date: that does not prolong the session.
pub(crate) fn is_refresh(head: &Parts) -> bool {
    head.headers.contains_key("x-reelmill-live") || head.uri.path() == "/events"
}

/// Path prefixes of acts on persons and sessions.
const OF_SESSIONS: [&str; 5] = ["/sign-out", "/me", "/invitation/", "/people", "/api/v1/persons"];

/// Middleware around every route: after an act that may have ended a session, a person or a role, every stream checks its own.
pub(crate) async fn check_streams(State(live): State<Live>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let may_end = request.method() != Method::GET && OF_SESSIONS.iter().any(|begin| path.starts_with(begin));
    let response = next.run(request).await;
    if may_end {
        live.check_sessions();
    }
    response
}
