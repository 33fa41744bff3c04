//! A cell's value as text: what its owner meant to write, even if the program turned it into a number or a date.
use std::borrow::Cow;

use calamine::{DataRef, ExcelDateTime};

/// Significant digits of a number that Excel keeps and shows.
const DIGITS: usize = 15;
/// From here on a number is not a telephone number or code but a mistake; written in full, it may have 300 digits.
const HUGE: f64 = 1e21;

/// The text of a value. For a formula it is the value that was stored with it; nothing is calculated.
pub(crate) fn text<'v>(value: &'v DataRef<'_>) -> Cow<'v, str> {
    match value {
        DataRef::Empty => Cow::Borrowed(""),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cow::Borrowed(text),
        DataRef::SharedString(text) => Cow::Borrowed(text),
        DataRef::Int(value) => value.to_string().into(),
        DataRef::Float(value) => number(*value).into(),
        DataRef::Bool(value) => Cow::Borrowed(if *value { "TRUE" } else { "FALSE" }),
        DataRef::DateTime(value) => moment(value).into(),
        DataRef::Error(error) => error.to_string().into(),
    }
}

/// All digits without an exponent: a telephone number may have been typed as a number.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "#NUM!".to_owned();
    }
    // 0.1 + 0.2 is shown as 0.3.
    let shown: f64 = format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value);
    if shown.abs() >= HUGE { format!("{shown:E}") } else { format!("{shown}") }
}

/// ISO 8601: a date, a time of day, or both; a duration as hours, minutes and seconds.
fn moment(value: &ExcelDateTime) -> String {
    let days = value.as_f64();
    if value.is_duration() || (0.0..1.0).contains(&days) {
        // The cast saturates.
        let seconds = (days.max(0.0) * 86_400.0).round() as u64;
        return format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) { date } else { format!("{date}T{hour:02}:{minute:02}:{second:02}") }
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn a_number_has_all_its_digits() {
        for (value, shown) in [
            (13_812_345_678.0, "13812345678"),
            (123_456_789_012_345_680.0, "123456789012346000"),
            (0.1 + 0.2, "0.3"),
            (-0.5, "-0.5"),
            (40.0, "40"),
            (1e20, "100000000000000000000"),
            (1e300, "1E300"),
            (f64::INFINITY, "#NUM!"),
            (f64::NAN, "#NUM!"),
        ] {
            assert_eq!(number(value), shown);
        }
    }

    #[test]
    fn dates_are_iso() {
        let date = |days, kind| moment(&ExcelDateTime::new(days, kind, false));
        assert_eq!(date(45_504.0, ExcelDateTimeType::DateTime), "2024-07-31");
        assert_eq!(date(45_504.75, ExcelDateTimeType::DateTime), "2024-07-31T18:00:00");
        assert_eq!(date(0.002_372_685, ExcelDateTimeType::DateTime), "00:03:25");
        assert_eq!(date(1.5, ExcelDateTimeType::TimeDelta), "36:00:00");
        assert_eq!(date(-1.0, ExcelDateTimeType::TimeDelta), "00:00:00");
        assert_eq!(date(f64::MAX, ExcelDateTimeType::DateTime), "9999-12-31");
    }
}
