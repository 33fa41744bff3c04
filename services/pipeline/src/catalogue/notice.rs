//! The texts of a contest's page besides its rules: the call, questions with answers, and contacts.
use serde::{Deserialize, Serialize};

use crate::partner::Name;

/// A heading and the text under it; or a question and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// Heading or question.
    pub title: Name,
    /// Text, with a line break between paragraphs.
    pub text: Name,
}

/// An office that answers entrants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Office {
    /// Its name.
    pub name: Name,
    /// Telephone number, as people dial it.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
}
