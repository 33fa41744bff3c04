//! What a check found, and what to do about it.
use std::borrow::Cow;

use ::desk::view::checks::Health;
use serde::Serialize;

/// What one check found.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) check: Cow<'static, str>,
    pub(super) health: Health,
    pub(super) found: String,
    /// In English. Absent where nothing is wrong.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) mend: Cow<'static, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) mend_zh: Cow<'static, str>,
}

/// What to do about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mend {
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
}

/// Longest text of a failed check, in characters: SDKs write long errors whose beginning names the cause.
const FOUND_CHARS: usize = 240;

impl Finding {
    pub(super) fn good(check: &'static str, found: impl Into<String>) -> Self {
        Self::of(check, Health::Good, found.into(), Mend { zh: "", en: "" })
    }

    pub(super) fn poor(check: &'static str, found: impl Into<String>, mend: Mend) -> Self {
        Self::of(check, Health::Poor, found.into(), mend)
    }

    pub(super) fn bad(check: &'static str, found: impl Into<String>, mend: Mend) -> Self {
        let found = found.into().chars().take(FOUND_CHARS).collect();
        Self::of(check, Health::Bad, found, mend)
    }

    pub(super) fn of(check: &'static str, health: Health, found: String, mend: Mend) -> Self {
        Self { check: check.into(), health, found, mend: mend.en.into(), mend_zh: mend.zh.into() }
    }
}

/// A stand-in for an address that is not set, so that the other settings can be read all the same.
pub(super) const UNSET: &str = "unset";

/// Whether only this machine gets there.
pub(super) fn is_loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|name| host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])))
}
