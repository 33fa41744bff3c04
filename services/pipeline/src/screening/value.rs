//! A measured value or a limit as stored in a verdict: in English, and in Chinese if that differs.
use std::borrow::Cow;

use crate::lang::{self, Lang, decimal, measured_zh, shown};

/// A short text without a sentence around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) en: String,
    /// `None`: the same as in English, such as `1920×1080`.
    pub(super) zh: Option<String>,
}

/// A value that is written differently in the two languages.
pub(super) fn both(zh: impl Into<String>, en: impl Into<String>) -> Value {
    Value { en: en.into(), zh: Some(zh.into()) }
}

/// A duration: in seconds in English, in the usual form in Chinese.
pub(super) fn seconds(ms: u64) -> Value {
    both(lang::duration(ms, Lang::Zh), format!("{} s", decimal(ms, 1000)))
}

/// At most this long.
pub(super) fn at_most_seconds(ms: u64) -> Value {
    both(format!("≤ {}", lang::duration(ms, Lang::Zh)), format!("≤ {} s", decimal(ms, 1000)))
}

/// FFmpeg's name of a layout of channels, such as `stereo` or `5.1(side)`.
pub(super) fn layout(name: &str) -> Value {
    let name = shown(name);
    let zh = match name.as_str() {
        "mono" => "单声道".to_owned(),
        "stereo" => "立体声".to_owned(),
        other => format!("{other} 声道"),
    };
    both(zh, name)
}

/// The Chinese text, or the translation of the English one, for readers of Chinese.
pub(super) fn in_language<'a>(lang: Lang, zh: Option<&'a str>, en: &'a str) -> Cow<'a, str> {
    match (lang, zh) {
        (Lang::Zh, Some(zh)) => Cow::Borrowed(zh),
        (Lang::Zh, None) => Cow::Owned(measured_zh(en)),
        (Lang::En, _) => Cow::Borrowed(en),
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self { en: text, zh: None }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

#[cfg(test)]
mod tests;
