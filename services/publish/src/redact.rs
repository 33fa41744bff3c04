//! Removes secrets from what is stored or shown. By value, since a partner may echo in any place what we sent.
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// The replacement for a secret.
const CUT: &str = "[cut]";
/// Shorter values are too common in other texts to be removed by value, and too short to be secrets.
const LEAST_CHARS: usize = 6;

/// The secrets that one job has read so far.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Mutex<Vec<String>>);

impl Secrets {
    /// From now on this is removed, in each of the forms in which it may be echoed.
    pub(crate) fn add(&self, secret: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for form in forms(secret) {
            if !known.contains(&form) {
                known.push(form);
            }
        }
        // The longest first: a secret that contains another must be removed completely.
        known.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// These and additional ones.
    pub(crate) fn and(&self, more: &[String]) -> Secrets {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let both = Secrets(Mutex::new(known));
        for secret in more {
            both.add(secret);
        }
        both
    }

    /// The text without secrets, and without NUL, which the database cannot store.
    pub(crate) fn cut(&self, text: &str) -> String {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = text.replace('\0', "\u{fffd}");
        for secret in known.iter() {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), CUT);
            }
        }
        text
    }

    /// The same for every text and key of a JSON value.
    pub(crate) fn cut_json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.cut(&text)),
            Value::Array(values) => values.into_iter().map(|value| self.cut_json(value)).collect(),
            Value::Object(fields) => {
                fields.into_iter().map(|(name, value)| (self.cut(&name), self.cut_json(value))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }
}

/// As it is, in a URL or form, and in JSON.
fn forms(secret: &str) -> Vec<String> {
    if secret.chars().count() < LEAST_CHARS {
        return Vec::new();
    }
    let in_form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let in_path = in_form.replace('+', "%20");
    let in_json = serde_json::to_string(secret).unwrap_or_default().trim_matches('"').to_owned();
    let mut forms = vec![secret.to_owned(), in_form, in_path, in_json];
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_cut_in_every_form_and_place() {
        let secrets = Secrets::default();
        secrets.add("to+ken/with \"odd\" signs");
        secrets.add("to+ken");
        for text in
            ["x to+ken/with \"odd\" signs y", "?t=to%2Bken%2Fwith+%22odd%22+signs", r#"to+ken/with \"odd\" signs"#]
        {
            let cut = secrets.cut(text);
            assert!(!cut.contains("odd") && cut.contains(CUT), "{cut}");
        }
        let value = secrets.cut_json(json!({ "to+ken": ["a to+ken b", 7, null] }));
        assert_eq!(value, json!({ "[cut]": ["a [cut] b", 7, null] }));
    }

    #[test]
    fn what_is_too_short_to_be_secret_is_left() {
        let secrets = Secrets::default();
        secrets.add("a");
        assert_eq!(secrets.cut("banana\0"), "banana\u{fffd}");
    }
}
