//! `/entries/{receipt}/events`: server-sent events for the open page of an entry.
//!
//! The deadline of requests ends with the headers of the answer, which a stream sends at once; so it takes no request
//! slot. The number of streams is limited by `live`, and a client that does not read is disconnected by the server.
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use runtime::problem::Problem;
use tracing::debug;

use super::opened::Opened;
use crate::app::App;
use crate::live::{Change, Next, Reader};
use crate::token::Token;

/// Proxies end a connection that is silent for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a browser waits before it reconnects.
const AGAIN: Duration = Duration::from_secs(5);
/// Makes nginx pass the answer on without buffering.
const UNBUFFERED: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

/// One open page.
struct Page {
    app: Arc<App>,
    reader: Reader,
    token: Token,
}

/// GET.
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = Opened::of(&app, &headers, &number).await?;
    let reader = app.live.read(opened.entry.id, app.stop.clone())?;
    // At once, so that proxies and browsers see that the stream is open.
    let first = stream::once(async { Ok::<_, Infallible>(Event::default().retry(AGAIN).comment("open")) });
    let page = Page { app, reader, token: opened.token };
    let changes = stream::unfold(page, async |mut page| {
        let change = page.next().await?;
        Some((Ok(event(&change)), page))
    });
    let events = Sse::new(first.chain(changes)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    Ok(([(CACHE_CONTROL, "no-store"), UNBUFFERED], events).into_response())
}

impl Page {
    /// The next change; `None` once the process stops or the key was replaced. A stream whose key cannot be checked
    /// ends; the page reconnects.
    async fn next(&mut self) -> Option<Change> {
        loop {
            let next = self.reader.next().await?;
            let entry = self.app.store.submission(self.token.id).await;
            let entry =
                entry.inspect_err(|error| debug!("cannot check a key, ending its stream: {error:#}")).ok()??;
            if !self.token.opens(&entry.token_sha256) {
                return None;
            }
            if let Next::Send(change) = next {
                return Some(change);
            }
        }
    }
}

/// In the format that the module of all pages reads.
fn event(change: &Change) -> Event {
    match change {
        Change::Of(entry, state) => {
            let change = serde_json::json!({ "kind": "work", "id": entry.0, "state": state });
            Event::default().data(change.to_string())
        }
        Change::Missed => Event::default().event("missed").data("look again"),
    }
}
