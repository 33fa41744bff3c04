//! Date and time in the format of a browser's `datetime-local` field, in Beijing time.
use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeZone, Utc};
use runtime::problem::{Code, Detail, Problem};

/// UTC+8, without summer time.
const BEIJING_SECONDS: i32 = 8 * 3600;

fn beijing() -> FixedOffset {
    #[allow(clippy::unwrap_used, reason = "eight hours are less than a day")]
    FixedOffset::east_opt(BEIJING_SECONDS).unwrap()
}

/// The instant in a field.
pub(crate) fn instant(field: &str, text: &str) -> Result<DateTime<Utc>, Problem> {
    let read = |form| NaiveDateTime::parse_from_str(text, form).ok();
    let found = read("%Y-%m-%dT%H:%M").or_else(|| read("%Y-%m-%dT%H:%M:%S"));
    let found = found.and_then(|local| beijing().from_local_datetime(&local).single());
    let wrong =
        || Detail::new("须为北京时间，例如 2026-11-30T20:00", "a Beijing time such as 2026-11-30T20:00").of(field);
    found.map(|at| at.to_utc()).ok_or_else(|| Code::FieldWrong.about(wrong()))
}

/// An instant in the format of such a field.
pub(super) fn shown(at: &DateTime<Utc>) -> String {
    at.with_timezone(&beijing()).format("%Y-%m-%dT%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_as_it_is_shown() {
        let at = instant("at", "2026-12-01T04:30").unwrap();
        assert_eq!(at.to_rfc3339(), "2026-11-30T20:30:00+00:00");
        assert_eq!(shown(&at), "2026-12-01T04:30");
        assert_eq!(instant("at", "2026-12-01T04:30:15").unwrap().timestamp() - at.timestamp(), 15);
        assert!(instant("at", "2026-12-01").is_err() && instant("at", "tomorrow").is_err());
    }
}
