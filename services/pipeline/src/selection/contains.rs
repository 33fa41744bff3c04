//! Conditions that search for a text in a title or a unit. The text may be enclosed in double quotes, so that it can
//! have blanks.
use super::error::SelectionError;
use crate::text::{Limit, Text};

/// Fields in which a text is searched for.
const FIELDS: [&str; 2] = ["title", "unit"];
/// The operator.
const CONTAINS: char = '~';

/// Splits a selection into conditions. A blank within quotes that begin directly after the first `~` does not end a
/// condition.
pub(super) fn conditions(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let end = end_of_condition(rest);
        let (condition, after) = rest.split_at(end);
        rest = after;
        (!condition.is_empty()).then_some(condition)
    })
}

fn end_of_condition(text: &str) -> usize {
    let opens = text.find(CONTAINS).map(|at| at + CONTAINS.len_utf8());
    let (mut quoted, mut before) = (false, ' ');
    for (at, c) in text.char_indices() {
        match c {
            '"' if opens == Some(at) => quoted = true,
            '"' if quoted && before != '\\' => quoted = false,
            c if !quoted && c.is_whitespace() => return at,
            _ => {}
        }
        // An escaped backslash escapes nothing.
        before = if quoted && before == '\\' && c == '\\' { ' ' } else { c };
    }
    text.len()
}

/// Field and text of a condition that searches for a text.
pub(super) fn contains(condition: &str) -> Option<(&'static str, &str)> {
    let (name, text) = condition.split_once(CONTAINS)?;
    Some((FIELDS.into_iter().find(|field| *field == name)?, text))
}

/// The text to search for, which may be quoted.
pub(super) fn sought(field: &'static str, value: &str) -> Result<String, SelectionError> {
    let wrong = || {
        let allowed = (
            "1 到 100 个字符；含空格时写在双引号内，例如 \"绿色 工厂\"".to_owned(),
            "a text of 1 to 100 characters, between double quotes where it has blanks, such as \"green factory\""
                .to_owned(),
        );
        SelectionError::Value { field, value: value.to_owned(), allowed }
    };
    let text = match value.strip_prefix('"') {
        Some(rest) => unquoted(rest).ok_or_else(wrong)?,
        None => value.to_owned(),
    };
    Text::new(text.trim(), Limit::NAME).map(Into::into).map_err(|_| wrong())
}

/// The text before the closing quote, which must be the end.
fn unquoted(text: &str) -> Option<String> {
    let (mut plain, mut chars) = (String::new(), text.chars());
    loop {
        match chars.next()? {
            '"' => return chars.next().is_none().then_some(plain),
            '\\' => match chars.next()? {
                escaped @ ('"' | '\\') => plain.push(escaped),
                other => plain.extend(['\\', other]),
            },
            other => plain.push(other),
        }
    }
}

/// A text in its typed form: quoted if necessary.
pub(super) fn quoted(text: &str) -> String {
    if !text.starts_with('"') && !text.contains(char::is_whitespace) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
