//! The public HTTP API as an entrant's client uses it: entering a work, reading its state, and reading errors.
use std::time::Duration;

use anyhow::Context;
use pipeline::lang::Lang;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue, RETRY_AFTER};

pub(crate) use answer::{Entered, EntryState, Look, Warning, problem};
pub(crate) use form::{AiUse, Contact, Declarations, Entrant, Form};

use answer::Problem;

mod answer;
mod form;

/// How often a form is sent to a busy server.
const BUSY_TRIES: u32 = 8;
/// Longest wait before it is sent again.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A client for one server.
pub(crate) struct Api {
    /// The HTTP client; the tus client uses it too.
    pub(crate) http: reqwest::Client,
    server: String,
}

/// The wait that a busy server asks for.
fn retry_after(response: &reqwest::Response) -> Duration {
    let said = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    said.map_or(LONGEST_WAIT, Duration::from_secs).min(LONGEST_WAIT)
}

impl Api {
    /// A client for the server at `server`, such as `http://127.0.0.1:8080`.
    pub(crate) fn new(server: &str) -> anyhow::Result<Self> {
        // reqwest is built without a TLS provider; installing a second one is refused, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(language().tag()));
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("reelmill/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            // No limit on the whole request: an upload may take long. A silent connection is cut.
            .read_timeout(Duration::from_secs(120))
            .build()
            .context("prepare the HTTP client")?;
        Ok(Self { http, server: server.trim_end_matches('/').to_owned() })
    }

    /// Enters a work. If the server refuses the form, that is returned and is not a failure of ours.
    ///
    /// With a `key` the server enters it once, however often it is sent; so a busy server is asked again.
    pub(crate) async fn enter(&self, form: &Form, key: Option<&str>) -> anyhow::Result<Result<Entered, Problem>> {
        let address = format!("{}/api/v1/submissions", self.server);
        let mut tries = 0;
        let response = loop {
            let request = self.http.post(&address).json(form).timeout(Duration::from_secs(60));
            let request = if let Some(key) = key { request.header("Idempotency-Key", key) } else { request };
            let response = request.send().await.with_context(|| format!("reach {}", self.server))?;
            let busy = matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
            tries += 1;
            if key.is_none() || !busy || tries >= BUSY_TRIES {
                break response;
            }
            tokio::time::sleep(retry_after(&response)).await;
        };
        if response.status().is_success() {
            let mut entered: Entered = response.json().await.context("read the server's answer")?;
            // A server without a configured public address returns paths.
            let base = reqwest::Url::parse(&address)?;
            entered.upload.endpoint = base.join(&entered.upload.endpoint)?.into();
            return Ok(Ok(entered));
        }
        let refused = response.status().is_client_error();
        let problem = problem(response).await;
        anyhow::ensure!(refused, "{}", problem.shown());
        Ok(Err(problem))
    }

    /// The state of an entry.
    pub(crate) async fn state_of(&self, id: &str, token: &str) -> anyhow::Result<EntryState> {
        let address = format!("{}/api/v1/submissions/{id}", self.server);
        let request = self.http.get(&address).bearer_auth(token).timeout(Duration::from_secs(30));
        let response = request.send().await.with_context(|| format!("reach {}", self.server))?;
        anyhow::ensure!(response.status().is_success(), "{}", problem(response).await.shown());
        response.json().await.context("read the server's answer")
    }
}

/// The language of the user's locale: Chinese if it says so, else English.
pub(crate) fn language() -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|it| !it.is_empty()));
    if locale.is_some_and(|locale| locale.starts_with("zh")) { Lang::Zh } else { Lang::En }
}
