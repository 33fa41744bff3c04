//! How much is done at once, in numbers: who stands before which routes, and how long each may take. How places are taken and shared
//! between addresses is `runtime::serving`'s.
//!
//! | bound | by | beyond it |
//! |---|---|---|
//! | connections, and those of one address | `serve` | 503 `overloaded` or 429 `too_many_at_once`, and the end of the connection |
//! | requests for JSON and files, and how long each may take | here | 503 or 429 |
//! | requests that bring bytes of films | here | 503 or 429; the upload goes on where it stood |
//! | bodies | the routes | 413 |
//! | entries of one address | `limit` | 429 |
//! | unfinished uploads of one entry | `tus::create` | 429 |
//! | hashes of organisers' tokens, made or verified | `runtime::bearer` | 503 |
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use runtime::metrics::TurnedAway;
use runtime::serving::places::{Full, Gate, Places, Until};

use crate::app::App;
use crate::problem::{Code, Problem};

/// Before what is answered with JSON or a small file.
pub(crate) fn of_requests(app: &App) -> Gate {
    gate(app, app.settings.requests_at_once).within(app.settings.api_deadline)
}

/// Before what brings bytes. An upload takes as long as it takes; each read has a deadline.
pub(crate) fn of_uploads(app: &App) -> Gate {
    gate(app, app.settings.uploads_at_once)
}

fn gate(app: &App, places: usize) -> Gate {
    let places = Places::divided(places, app.settings.address_share_percent, turned_away(app));
    Gate::new(places, app.settings.forwarded_hops, Until::Answered)
}

/// Counts those whom the public port turned away.
pub(crate) fn turned_away(app: &App) -> TurnedAway {
    app.store.metrics().calls.turned_away("public")
}

/// Middleware: a place for each request.
pub(crate) async fn placed(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let answered = gate.pass(request, next).await;
    answered.unwrap_or_else(|full| Problem::from(Code::from(full)).into_response())
}

/// Middleware: a place for each request that may bring bytes; the others of the protocol are short and read no body.
pub(crate) async fn placed_if_bytes(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    // A POST may be any of them, by X-HTTP-Method-Override.
    let brings = matches!(*request.method(), Method::PATCH | Method::POST);
    if brings { placed(State(gate), request, next).await } else { next.run(request).await }
}

impl From<Full> for Code {
    fn from(full: Full) -> Self {
        match full {
            Full::Everywhere => Code::Overloaded,
            Full::Address => Code::TooManyAtOnce,
        }
    }
}
