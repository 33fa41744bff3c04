//! What a catalogue's files must keep beyond their types: ranges, known names, nothing twice.
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::{CatalogueError, Phrase, Retention};

pub(super) use contest::check_contest;
pub(super) use ladders::check_ladders;
pub(super) use partner::check_partner;

mod contest;
mod ladders;
mod partner;

/// Nothing is deleted at once: an hour or a day is the minimum, ten years the maximum.
pub(super) fn check_retention(file: &str, retention: &Retention) -> Result<(), CatalogueError> {
    for (key, value) in retention.set() {
        check_range(file, key, value, 1..=3650)?;
    }
    Ok(())
}

pub(super) fn check_phrases(file: &str, phrases: &[Phrase]) -> Result<(), CatalogueError> {
    let mut seen = BTreeSet::new();
    for phrase in phrases {
        if !is_plain(&phrase.id) {
            return Err(wrong(file, Some("phrases.id"), format!("{:?} is no id; {PLAIN}", phrase.id)));
        }
        if !seen.insert(&phrase.id) {
            return Err(wrong(file, Some("phrases.id"), format!("{:?} is given twice", phrase.id)));
        }
        for (key, text) in [("phrases.zh", &phrase.zh), ("phrases.en", &phrase.en)] {
            check_range(file, key, text.trim().chars().count(), 1..=Phrase::MOST_CHARS)?;
        }
    }
    Ok(())
}

pub(super) fn wrong(file: &str, key: Option<&str>, problem: impl Into<String>) -> CatalogueError {
    CatalogueError { file: file.to_owned(), key: key.map(str::to_owned), problem: problem.into() }
}

/// Ids become object keys, queue arguments and labels, so they are restricted to plain names.
pub(super) fn checked_id<'a>(file: &str, id: &'a str) -> Result<&'a str, CatalogueError> {
    if is_plain(id) { Ok(id) } else { Err(wrong(file, None, format!("{id:?} is no id; {PLAIN}"))) }
}

const PLAIN: &str = "allowed are 1 to 48 characters of a-z, 0-9, - and _, beginning with a letter or digit";

fn is_plain(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    (1..=48).contains(&id.len()) && id.chars().all(plain) && id.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn check_range<T: PartialOrd + std::fmt::Display>(
    file: &str,
    key: &str,
    value: T,
    allowed: RangeInclusive<T>,
) -> Result<(), CatalogueError> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let problem = format!("{value} is out of range; allowed is {} to {}", allowed.start(), allowed.end());
    Err(wrong(file, Some(key), problem))
}

fn check_known<T: Ord + std::fmt::Display>(
    file: &str,
    key: &str,
    names: &[T],
    known: &[&T],
) -> Result<(), CatalogueError> {
    if names.is_empty() {
        return Err(wrong(file, Some(key), format!("is empty; name at least one of {}", listed(known))));
    }
    let mut seen = BTreeSet::new();
    for name in names {
        if !known.contains(&name) {
            let problem = format!("{:?} is not known; allowed are {}", name.to_string(), listed(known));
            return Err(wrong(file, Some(key), problem));
        }
        if !seen.insert(name) {
            return Err(wrong(file, Some(key), format!("{:?} is named twice", name.to_string())));
        }
    }
    Ok(())
}

fn listed<T: std::fmt::Display>(names: &[T]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
