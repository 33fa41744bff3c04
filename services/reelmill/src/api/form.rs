//! The entry form as it is sent.
use std::collections::BTreeMap;

use serde::Serialize;

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
