//! The frame of every entrants' page: the language, its switch, and the server's time.
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use pages::{Say, serve};
use pipeline::catalogue::Contest;
use runtime::problem::Problem;
use runtime::serving::render::lang_of;

use crate::app::App;

/// The value `shell` of a page's template.
#[derive(Clone)]
pub(crate) struct Shell {
    /// The language.
    pub(crate) say: Say,
    /// When the page is rendered, by the server's clock.
    pub(crate) now: DateTime<Utc>,
    /// The prefix of paths in links that leave the browser: `PUBLIC_URL`, or else the address this page was requested
    /// at.
    pub(crate) origin: String,
    /// Path and query of the page itself.
    path: String,
}

impl Shell {
    /// The same page in the other language.
    pub(crate) fn other_language(&self) -> String {
        serve::switch(self.say.lang.other(), &self.path)
    }

    /// A theme of a contest, by its id.
    pub(super) fn theme(&self, contest: &Contest, id: &str) -> String {
        contest.theme(id).map_or(id, |theme| self.say.t(&theme.zh, &theme.en)).to_owned()
    }

    /// Of a request.
    pub(super) fn of(app: &App, parts: &Parts) -> Self {
        let path = parts.uri.path_and_query().map_or("/", |it| it.as_str()).to_owned();
        let origin = match app.settings.public_url.as_str() {
            "" => host_of(&parts.headers).map_or(String::new(), |host| format!("http://{host}")),
            url => url.to_owned(),
        };
        Self { say: said_in(&parts.headers), now: app.clock.now(), origin, path }
    }
}

/// The host that a browser requested, if it is a plain name or address.
fn host_of(headers: &HeaderMap) -> Option<&str> {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | ':' | '[' | ']');
    headers.get(HOST)?.to_str().ok().filter(|host| host.chars().all(plain))
}

/// The chosen language, or else the browser's.
fn said_in(headers: &HeaderMap) -> Say {
    Say::new(serve::lang(headers).unwrap_or_else(|| lang_of(headers)))
}

impl FromRequestParts<Arc<App>> for Shell {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        Ok(Self::of(app, parts))
    }
}
