//! How much is done at once. Whoever comes when every place is taken waits a moment and is then told to come again, before a byte of
//! the body was read: so memory, scratch and the wait for the database stay bounded, however many come.
//!
//! | bound | by | beyond it |
//! |---|---|---|
//! | connections | `serve` | 503 and the end of the connection |
//! | requests for JSON and files, and how long each may take | here | 503 `overloaded` |
//! | requests that bring bytes of films | here | 503 `overloaded`; the upload goes on where it stood |
//! | bodies | the routes | 413 |
//! | entries of one address | `limit` | 429 |
//! | unfinished uploads of one entry | `tus::create` | 429 |
//! | hashes of organisers' tokens | `desk::verify` | 503 |
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::app::Settings;
use crate::problem::{Code, Problem};

/// How long a request waits for a place: a burst passes within that.
const PATIENCE: Duration = Duration::from_secs(1);

/// The places of one kind of request.
#[derive(Clone)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    /// How long one may be kept; `None`: as long as it takes.
    deadline: Option<Duration>,
}

impl Places {
    /// Of what is answered with JSON or a small file.
    pub(crate) fn of_requests(settings: &Settings) -> Self {
        Self { free: Arc::new(Semaphore::new(settings.requests_at_once)), deadline: Some(settings.api_deadline) }
    }

    /// Of what brings bytes. An upload takes as long as it takes; each read has a deadline.
    pub(crate) fn of_uploads(settings: &Settings) -> Self {
        Self { free: Arc::new(Semaphore::new(settings.uploads_at_once)), deadline: None }
    }
}

/// Middleware: a place for each request.
pub(crate) async fn placed(State(places): State<Places>, request: Request, next: Next) -> Response {
    let Ok(Ok(_place)) = timeout(PATIENCE, places.free.acquire()).await else { return overloaded() };
    let Some(deadline) = places.deadline else { return next.run(request).await };
    timeout(deadline, next.run(request)).await.unwrap_or_else(|_| overloaded())
}

/// Middleware: a place for each request that may bring bytes; the others of the protocol are short and read no body.
pub(crate) async fn placed_if_bytes(State(places): State<Places>, request: Request, next: Next) -> Response {
    // A POST may be any of them, by X-HTTP-Method-Override.
    let brings = matches!(*request.method(), Method::PATCH | Method::POST);
    if brings { placed(State(places), request, next).await } else { next.run(request).await }
}

fn overloaded() -> Response {
    Problem::from(Code::Overloaded).into_response()
}
