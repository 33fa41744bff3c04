//! The public HTTP API as an entrant's client uses it: entering a work, reading its state, and reading errors.
use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use pipeline::lang::Lang;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue, RETRY_AFTER};
use serde::{Deserialize, Serialize};

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

/// The entry form.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Form {
    pub(crate) contest: String,
    pub(crate) title: String,
    pub(crate) theme: String,
    pub(crate) synopsis: String,
    pub(crate) recommending_unit: String,
    pub(crate) entrant: Entrant,
    pub(crate) declarations: Declarations,
    /// Answers to the contest's own questions, by their ids.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) answers: BTreeMap<String, String>,
}

/// The entrant. Personal data: sent to the server only.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entrant {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) organisation: Option<String>,
    pub(crate) contact: Contact,
}

/// How the organisers reach the entrant.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Contact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
}

/// The entrant's declarations.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Declarations {
    pub(crate) originality: bool,
    pub(crate) rights: bool,
    pub(crate) ai_use: AiUse,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ai_note: Option<String>,
}

/// What part AI had in the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AiUse {
    /// None.
    None,
    /// People made it with its help.
    Assisted,
    /// It made picture or sound.
    Generated,
}

/// The server's answer to an entry form.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Entered {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) upload: UploadAddress,
    /// The texts that partners do not accept.
    #[serde(default)]
    pub(crate) warnings: Vec<Warning>,
}

/// A text that a partner does not accept.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Warning {
    pub(crate) partner: String,
    pub(crate) zh: String,
    pub(crate) en: String,
}

/// The address for creating uploads (tus creation).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct UploadAddress {
    pub(crate) endpoint: String,
}

/// The state of an entry, as its entrant may see it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct EntryState {
    pub(crate) id: String,
    pub(crate) state: String,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rejection: Option<Reason>,
    /// The first look: the simplest rules applied to the headers, before screening.
    #[serde(default, skip_serializing)]
    pub(crate) first_look: Vec<Look>,
}

/// The result of the first look for one rule.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Look {
    pub(crate) outcome: String,
    pub(crate) zh: String,
    pub(crate) en: String,
}

/// Why an entry was refused.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Reason {
    pub(crate) code: String,
    pub(crate) zh: String,
    pub(crate) en: String,
}

/// An error answer (RFC 9457 with a stable code; its texts are in the language of Accept-Language). Missing parts are
/// empty.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    status: u16,
    code: String,
    title: String,
    detail: String,
    /// Each wrong field of a form.
    fields: Vec<Field>,
}

/// A wrong field of a form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Field {
    field: String,
    code: String,
    zh: String,
    en: String,
}

impl Problem {
    /// Whether no correction of the request could make it acceptable.
    pub(crate) fn forbids(&self) -> bool {
        self.status == 403
    }

    /// The whole text, on one line.
    pub(crate) fn shown(&self) -> String {
        // The fields contain the whole detail, one per line.
        let detail = if self.fields.is_empty() { self.detail.as_str() } else { "" };
        let said = [self.title.as_str(), detail];
        let said = said.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
        match self.code.as_str() {
            "" => format!("HTTP {} {said}", self.status),
            code => format!("{code} (HTTP {}): {said}", self.status),
        }
    }

    /// Each wrong field of a form: its name, the code, and what is allowed in both languages.
    pub(crate) fn fields(&self) -> impl Iterator<Item = String> {
        self.fields.iter().map(|it| {
            let both = if it.zh == it.en { it.en.clone() } else { format!("{} {}", it.en, it.zh) };
            format!("{}: {}: {both}", it.field, it.code)
        })
    }
}

/// The wait that a busy server asks for.
fn retry_after(response: &reqwest::Response) -> Duration {
    let said = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    said.map_or(LONGEST_WAIT, Duration::from_secs).min(LONGEST_WAIT)
}

/// Reads an error answer; of a body that is not problem+json only the status remains.
pub(crate) async fn problem(response: reqwest::Response) -> Problem {
    let status = response.status();
    // A proxy's error page may be long; the first bytes are enough.
    let body = response.bytes().await.unwrap_or_default();
    let mut problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
    problem.status = status.as_u16();
    if problem.title.is_empty() && problem.code.is_empty() {
        problem.title = status.canonical_reason().unwrap_or("").to_owned();
    }
    problem
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
