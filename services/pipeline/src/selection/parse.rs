//! Parses a selection. Every error says, in both languages, what is wrong and what is allowed there.
use std::collections::BTreeSet;
use std::str::FromStr;

use chrono::{DateTime, Days, Duration, FixedOffset, NaiveDate, NaiveTime, TimeZone, Utc};

use super::bounds::{MAX_BYTES, MAX_CONDITIONS, MAX_NAMES};
use super::contains::{conditions, contains, sought};
use super::error::{FIELDS, SelectionError};
use super::version::Version;
use super::{Names, Operator, Selection};
use crate::delivery::Observed;
use crate::lang::shown;
use crate::stage::Stage;

/// States that are not stages.
const STATES: [&str; 7] =
    ["uploading", "awaiting_review", "awaiting_release", "published", "rejected", "withdrawn", "revoked"];
/// The contest's days are days in China, which has one time zone and no summer time.
const CHINA_OFFSET_S: i32 = 8 * 3600;

impl FromStr for Selection {
    type Err = SelectionError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        selection(text)
    }
}

/// Reads the whole text.
fn selection(text: &str) -> Result<Selection, SelectionError> {
    if text.len() > MAX_BYTES {
        return Err(SelectionError::TooLong);
    }
    let mut selection = Selection::default();
    let mut seen = BTreeSet::new();
    for (index, condition) in conditions(text).enumerate() {
        if index == MAX_CONDITIONS {
            return Err(SelectionError::TooManyConditions);
        }
        if let Some((field, value)) = contains(condition) {
            let into = if field == "title" { &mut selection.title } else { &mut selection.unit };
            if into.replace(sought(field, value)?).is_some() {
                return Err(SelectionError::OnlyOnce(field));
            }
            continue;
        }
        let (field, operator, value) = split(condition)?;
        if !seen.insert((field, operator)) {
            return Err(SelectionError::Twice(format!("{field}{}", operator.text())));
        }
        match field {
            "contest" => names(&mut selection.contest, field, operator, value)?,
            "theme" => names(&mut selection.theme, field, operator, value)?,
            "state" => known_names(&mut selection.state, field, &states(), operator, value)?,
            "partner" => names(&mut selection.partner, field, operator, value)?,
            "delivery" => known_names(&mut selection.delivery, field, &Observed::NAMES, operator, value)?,
            "title" | "unit" => {
                return Err(SelectionError::Operator { field, operator: operator.text(), allowed: "~" });
            }
            "rendition" => names(&mut selection.rendition, field, operator, value)?,
            "engine" => selection.engine.push((operator, version(value)?)),
            _ => entered(&mut selection, operator, value)?,
        }
    }
    if selection.is_everything() { Err(SelectionError::Empty) } else { Ok(selection) }
}

/// `field`, operator and value of one condition.
fn split(condition: &str) -> Result<(&'static str, Operator, &str), SelectionError> {
    let no_condition = || SelectionError::NoCondition(condition.to_owned());
    let at = condition.find(['=', '!', '<', '>']).ok_or_else(no_condition)?;
    let (name, rest) = condition.split_at(at);
    let begins = |operator: &Operator| rest.starts_with(operator.text());
    let operator = Operator::ALL.into_iter().find(begins).ok_or_else(no_condition)?;
    let value = &rest[operator.text().len()..];
    if name.is_empty() || value.is_empty() || value.contains(['=', '!', '<', '>']) {
        return Err(no_condition());
    }
    let field = FIELDS.into_iter().find(|field| *field == name);
    Ok((field.ok_or_else(|| SelectionError::UnknownField(name.to_owned()))?, operator, value))
}

fn names(into: &mut Names, field: &'static str, operator: Operator, value: &str) -> Result<(), SelectionError> {
    let into = match operator {
        Operator::Equal => &mut into.any,
        Operator::NotEqual => &mut into.none,
        Operator::Less | Operator::AtMost | Operator::Greater | Operator::AtLeast => {
            return Err(SelectionError::Operator { field, operator: operator.text(), allowed: "= !=" });
        }
    };
    let plain = |name: &&str| !name.is_empty() && name.chars().count() <= 64 && shown(name) == **name;
    for name in value.split(',') {
        if !plain(&name) || into.len() == MAX_NAMES {
            let allowed = (
                format!("1 到 {MAX_NAMES} 个名称，用逗号分隔，每个不超过 64 个字符"),
                format!("1 to {MAX_NAMES} names with commas between them, of at most 64 characters each"),
            );
            return Err(SelectionError::Value { field, value: value.to_owned(), allowed });
        }
        into.insert(name.to_owned());
    }
    Ok(())
}

/// Names of a field with a fixed set of names.
fn known_names(
    into: &mut Names,
    field: &'static str,
    known: &[&str],
    operator: Operator,
    value: &str,
) -> Result<(), SelectionError> {
    names(into, field, operator, value)?;
    match into.any.iter().chain(&into.none).find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => Err(SelectionError::unknown(field, unknown, known)),
    }
}

/// Names of all states, those of stages first.
pub(super) fn states() -> Vec<&'static str> {
    Stage::ALL.into_iter().map(Stage::name).chain(STATES).collect()
}

fn version(value: &str) -> Result<Version, SelectionError> {
    value.parse().map_err(|_| {
        let allowed = ("版本号，例如 0.3 或 1.2.10".to_owned(), "a version such as 0.3 or 1.2.10".to_owned());
        SelectionError::Value { field: "engine", value: value.to_owned(), allowed }
    })
}

/// Narrows the time span. Several conditions narrow it together.
fn entered(selection: &mut Selection, operator: Operator, value: &str) -> Result<(), SelectionError> {
    let (begin, end) = moment(value).ok_or_else(|| {
        let allowed = (
            "日期（按北京时间），例如 2024-08-01，或带时区的时刻，例如 2024-08-01T12:00:00+08:00".to_owned(),
            "a day in China such as 2024-08-01, or an instant with its offset such as 2024-08-01T12:00:00+08:00"
                .to_owned(),
        );
        SelectionError::Value { field: "entered", value: value.to_owned(), allowed }
    })?;
    let (from, before) = match operator {
        Operator::Equal => (Some(begin), Some(end)),
        Operator::Less => (None, Some(begin)),
        Operator::AtMost => (None, Some(end)),
        Operator::Greater => (Some(end), None),
        Operator::AtLeast => (Some(begin), None),
        Operator::NotEqual => {
            let operator = operator.text();
            return Err(SelectionError::Operator { field: "entered", operator, allowed: "= < <= > >=" });
        }
    };
    selection.entered_from = selection.entered_from.max(from);
    selection.entered_before = match (selection.entered_before, before) {
        (Some(known), Some(before)) => Some(known.min(before)),
        (known, before) => known.or(before),
    };
    Ok(())
}

/// The span of a time: a whole day, or one microsecond, the database's resolution.
fn moment(value: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    // Times far outside of these cannot be passed to the database.
    let sane = |at: &DateTime<Utc>| (1970..3000).contains(&chrono::Datelike::year(at));
    let (begin, end) = match value.parse::<NaiveDate>() {
        Ok(day) => {
            let china = FixedOffset::east_opt(CHINA_OFFSET_S)?;
            let midnight = |day: NaiveDate| china.from_local_datetime(&day.and_time(NaiveTime::MIN)).single();
            (midnight(day)?.to_utc(), midnight(day.checked_add_days(Days::new(1))?)?.to_utc())
        }
        Err(_) => {
            let at = DateTime::parse_from_rfc3339(value).ok()?.to_utc();
            let at = DateTime::from_timestamp_micros(at.timestamp_micros())?;
            (at, at.checked_add_signed(Duration::microseconds(1))?)
        }
    };
    (sane(&begin) && sane(&end)).then_some((begin, end))
}
