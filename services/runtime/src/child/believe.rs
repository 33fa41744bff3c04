//! What may be stored of any child's answer, whatever the job: texts of limited length without control characters, and
//! numbers of a size that the rest of the program can add and multiply. A child is not trusted. Each service checks, in
//! one place, whether an answer fits its request.
use pipeline::text::{Lines, check};
use serde_json::Value;

/// The longest text in an answer, in characters. The longest that honest children write is the AI label of a file,
/// 8192.
const TEXT_CHARS: usize = 16_384;

/// Checks every text of an answer, including field names: its length, and that it contains only what a text for people
/// may contain. Postgres stores no NUL, a terminal obeys escape sequences, and a direction override garbles the line in
/// which a name is shown.
///
/// # Errors
/// States which text is wrong and why, without repeating it.
pub(super) fn texts(answer: &Value) -> Result<(), String> {
    match answer {
        Value::String(text) => plain(text),
        Value::Array(items) => items.iter().try_for_each(texts),
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            plain(name).and_then(|()| texts(value)).map_err(|why| format!("{}: {why}", name.escape_debug()))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn plain(text: &str) -> Result<(), String> {
    if text.chars().nth(TEXT_CHARS).is_some() {
        return Err(format!("a text has more than {TEXT_CHARS} characters"));
    }
    // AI labels may contain line and paragraph separators and must be stored unchanged.
    let text = text.replace(['\u{2028}', '\u{2029}'], " ");
    check(&text, Lines::Many).map_err(|error| error.to_string())
}

/// The largest accepted number: bytes of 1 TiB, milliseconds of 34 years. A thousand times as much still fits into an
/// `i64`.
pub(crate) const MOST: f64 = (1_u64 << 40) as f64;

/// Checks every number in (a part of) an answer: its absolute value is at most [`MOST`]. JSON has neither NaN nor
/// infinity.
///
/// # Errors
/// Names the field of the number.
pub fn numbers(answer: &Value) -> Result<(), String> {
    match answer {
        Value::Number(number) => match number.as_f64() {
            Some(value) if value.abs() <= MOST => Ok(()),
            Some(_) | None => Err(format!("{number} is no number to believe")),
        },
        Value::Array(items) => items.iter().try_for_each(numbers),
        Value::Object(fields) => fields
            .iter()
            .try_for_each(|(name, value)| numbers(value).map_err(|why| format!("{}: {why}", name.escape_debug()))),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_that_act_or_never_end_are_not_kept() {
        assert_eq!(texts(&json!({ "a": ["标题\n\t\u{2028}", 1, null, { "b": "x".repeat(16_384) }] })), Ok(()));
        for (wrong, why) in [
            (json!({ "a": { "b": "x\u{0}" } }), "a: b: the character U+0000 is not allowed"),
            (json!(["\u{1b}[2J"]), "the character U+001B is not allowed"),
            (json!(["\u{202e}4pm"]), "the character U+202E is not allowed, as it turns the direction of other text"),
            (json!({ "a": "x".repeat(16_385) }), "a: a text has more than 16384 characters"),
        ] {
            assert_eq!(texts(&wrong).unwrap_err(), why);
        }
        assert!(texts(&json!({ "a\u{0}": 1 })).is_err());
    }

    #[test]
    fn numbers_that_would_overflow_are_not_believed() {
        assert_eq!(numbers(&json!({ "a": [0, -3.5, 1_u64 << 40] })), Ok(()));
        for wrong in [json!(u64::MAX), json!(i64::MIN), json!(1e300), json!(-1e13)] {
            assert!(numbers(&json!({ "a": [wrong] })).unwrap_err().starts_with("a: "));
        }
    }
}
