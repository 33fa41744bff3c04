//! Checks text from people where it arrives: JSON bodies, queries and single fields. A text with forbidden characters
//! becomes a problem here, so it never reaches a handler or the database. Each handler sets the maximum length of its
//! fields.
use chrono::{DateTime, Datelike, Utc};
use pipeline::text::{Limit, Lines, Text, TextError, check};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::{Code, Detail, Problem};

/// The longest field path in an error message, in characters: field names come from the client, too.
const PLACE_CHARS: usize = 80;
/// Valid years of times in requests.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2200;

/// A JSON body whose texts are all safe to store.
pub fn body<T: DeserializeOwned>(sent: &[u8]) -> Result<T, Problem> {
    let wrong =
        |err: serde_json::Error| Code::BodyNotJson.about(Detail::of_parser(&pipeline::lang::shown(&err.to_string())));
    let body: Value = serde_json::from_slice(sent).map_err(wrong)?;
    texts(&body, "")?;
    serde_json::from_value(body).map_err(wrong)
}

/// Checks every text of a body, including field names. `place` is the path of `value` in it, such as `entrant.name`.
fn texts(value: &Value, place: &str) -> Result<(), Problem> {
    match value {
        Value::String(text) => check(text, Lines::Many).map_err(|error| unfit(place, error)),
        Value::Array(items) => items.iter().try_for_each(|item| texts(item, place)),
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            check(name, Lines::One).map_err(|error| unfit(place, error))?;
            let dot = if place.is_empty() { "" } else { "." };
            let place: String = format!("{place}{dot}{name}").chars().take(PLACE_CHARS).collect();
            texts(value, &place)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// Checks a value of a query; handlers need not limit it again.
pub fn parameter(name: &str, value: &str) -> Result<(), Problem> {
    let fits = Text::new(name, Limit::QUERY).and_then(|_| Text::new(value, Limit::QUERY));
    let name = pipeline::lang::shown(name);
    fits.map(drop).map_err(|error| Code::QueryWrong.about(Detail::of_text(&name, error)))
}

/// One field, trimmed.
pub fn field(name: &str, text: &str, limit: Limit) -> Result<String, Problem> {
    Text::new(text, limit).map(String::from).map_err(|error| match error {
        TextError::Length(_) => Code::FieldWrong.about(Detail::of_text(name, error)),
        TextError::Control(_) | TextError::Direction(_) => unfit(name, error),
    })
}

/// A time in a request: JSON allows years that the database does not support.
pub fn moment(name: &str, at: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
    if YEARS.contains(&at.year()) {
        return Ok(at);
    }
    let (from, to) = (YEARS.start(), YEARS.end());
    let years = Detail::new(format!("须在 {from} 至 {to} 年之间"), format!("a time of the years {from} to {to}"));
    Err(Code::FieldWrong.about(years.of(name)))
}

/// One field that may be missing; an empty one counts as missing.
pub fn optional(name: &str, text: Option<&str>, limit: Limit) -> Result<Option<String>, Problem> {
    let given = text.map(str::trim).filter(|text| !text.is_empty());
    given.map(|text| field(name, text, limit)).transpose()
}

fn unfit(place: &str, error: TextError) -> Problem {
    let place = if place.is_empty() { "body" } else { place };
    Code::TextUnfit.about(Detail::of_text(place, error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(sent: Value) -> (&'static str, String) {
        let problem = body::<Value>(sent.to_string().as_bytes()).unwrap_err();
        (problem.code.name(), problem.detail.map(|it| it.to_string()).unwrap_or_default())
    }

    #[test]
    fn a_text_that_may_not_be_kept_is_named_by_its_place() {
        let control = |place: &str| ("text_unfit", format!("{place}: the character U+0000 is not allowed"));
        assert_eq!(problem(json!({ "entrant": { "name": "a\0" } })), control("entrant.name"));
        assert_eq!(problem(json!({ "tags": ["a", "b\0"] })), control("tags"));
        assert_eq!(problem(json!({ "a\0": 1 })), control("body"));
        assert_eq!(problem(json!("\0")), control("body"));
        assert_eq!(problem(json!({ "title": "\u{202e}x" })).0, "text_unfit");
        assert_eq!(body::<Value>(br#"{"synopsis":"a\r\n\tb"}"#).unwrap()["synopsis"], "a\r\n\tb");
        assert_eq!(body::<Value>(br#"{"a":"\ud800"}"#).unwrap_err().code.name(), "body_not_json");
    }

    #[test]
    fn a_query_holds_bounded_text_only() {
        assert!(parameter("text", "早晨 的 工厂").is_ok());
        for (name, value) in [("text", "a\0"), ("a\0", "b"), ("text", "a\nb"), ("text", &*"x".repeat(1001))] {
            assert_eq!(parameter(name, value).unwrap_err().code.name(), "query_wrong", "{name:?}");
        }
    }

    #[test]
    fn a_time_is_one_of_these_years() {
        let year = |text: &str| moment("at", text.parse().unwrap()).map(|at| at.year());
        assert_eq!(year("2026-03-01T00:00:00Z").unwrap(), 2026);
        for wrong in ["1999-12-31T23:59:59Z", "+10000-01-01T00:00:00Z", "-4800-01-01T00:00:00Z"] {
            let problem = year(wrong).unwrap_err();
            assert_eq!(
                (problem.code.name(), problem.detail.unwrap()),
                ("field_wrong", Detail::new("at：须在 2000 至 2200 年之间", "at: a time of the years 2000 to 2200"))
            );
        }
    }

    #[test]
    fn a_field_is_trimmed_and_bounded() {
        assert_eq!(field("name", " 张三 ", Limit::NAME).unwrap(), "张三");
        let short = field("name", " ", Limit::NAME).unwrap_err().detail.unwrap();
        assert_eq!(short, Detail::new("name：须为 1 至 100 个字符", "name: 1 to 100 characters"));
        assert_eq!(field("name", "a\nb", Limit::NAME).unwrap_err().code.name(), "text_unfit");
        assert_eq!(optional("reason", Some("  "), Limit::REASON).unwrap(), None);
    }
}
