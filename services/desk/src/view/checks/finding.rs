//! What one check found, and the words that all checks share.
use std::time::Duration;

use serde::Serialize;

/// The deadline of each question to a server.
pub(super) const ANSWERS_WITHIN: Duration = Duration::from_secs(15);
/// The longest text of a failed check, in characters. Client libraries write long errors whose start names the cause.
const FOUND_CHARS: usize = 240;

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Words,
    /// Whether it works.
    pub health: Health,
    /// What was found.
    pub found: Words,
    /// What to do about it; absent if nothing has to be done.
    pub mend: Option<Words>,
}

/// Whether something works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Does not work.
    Bad,
    /// Works, but needs attention.
    Poor,
    /// Works.
    Good,
}

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A name or an instruction in both languages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Both {
    pub(crate) zh: &'static str,
    pub(crate) en: &'static str,
}

/// What to do about a check that the database did not answer: its own finding says it.
pub(super) const SEE: Both = Both { zh: "见上面的 PostgreSQL", en: "see PostgreSQL above" };

impl Finding {
    pub(super) fn good(check: Both, found: Words) -> Self {
        Self { check: check.into(), health: Health::Good, found, mend: None }
    }

    pub(super) fn poor(check: Both, found: Words, mend: Both) -> Self {
        Self { check: check.into(), health: Health::Poor, found, mend: Some(mend.into()) }
    }

    pub(super) fn bad(check: Both, found: Words, mend: Both) -> Self {
        let short = |text: String| text.chars().take(FOUND_CHARS).collect();
        let found = Words { zh: short(found.zh), en: short(found.en) };
        Self { check: check.into(), health: Health::Bad, found, mend: Some(mend.into()) }
    }
}

impl From<Both> for Words {
    fn from(both: Both) -> Self {
        Self { zh: both.zh.to_owned(), en: both.en.to_owned() }
    }
}

/// A text in both languages.
pub(super) fn both(zh: impl Into<String>, en: impl Into<String>) -> Words {
    Words { zh: zh.into(), en: en.into() }
}

/// An error, verbatim.
pub(super) fn said(error: &anyhow::Error) -> Words {
    let words = format!("{error:#}");
    both(words.clone(), words)
}
