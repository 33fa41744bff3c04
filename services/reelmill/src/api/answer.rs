//! The answers of the server: an accepted form, the state of an entry, and problems.
use serde::{Deserialize, Serialize};

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
