//! Phrases: ready-made reasons that reviewers choose from when they refuse a work.
use serde::{Deserialize, Serialize};

use crate::lang::Lang;
use crate::screening::Rule;

/// One reason, ready to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phrase {
    /// Stable id.
    pub id: String,
    /// The screening rule that it belongs to, if any.
    #[serde(default)]
    pub rule: Option<Rule>,
    /// Chinese, 1 to 300 characters.
    pub zh: String,
    /// English, 1 to 300 characters.
    pub en: String,
}

impl Phrase {
    /// Longest text, in characters. A reviewer's reason may have 500, which leaves room to add to it.
    pub const MOST_CHARS: usize = 300;

    /// The text in one language.
    pub fn text(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

/// `phrases.toml` as written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PhrasesFile {
    #[serde(default)]
    pub(super) phrases: Vec<Phrase>,
}
