//! Parses a selection. Every error says, in both languages, what is wrong and what is allowed there.
use std::collections::BTreeSet;

use chrono::{DateTime, Days, Duration, FixedOffset, NaiveDate, NaiveTime, TimeZone, Utc};

use super::contains::{conditions, contains, sought};
use super::{MAX_BYTES, MAX_CONDITIONS, MAX_NAMES, Names, Operator, Selection, Version};
use crate::delivery::Observed;
use crate::lang::{Lang, shown};
use crate::stage::Stage;

/// Every field, in its typed form.
const FIELDS: [&str; 10] =
    ["contest", "theme", "state", "title", "unit", "partner", "delivery", "rendition", "engine", "entered"];
/// States that are not stages.
const STATES: [&str; 7] =
    ["uploading", "awaiting_review", "awaiting_release", "published", "rejected", "withdrawn", "revoked"];
/// The contest's days are days in China, which has one time zone and no summer time.
const CHINA_OFFSET_S: i32 = 8 * 3600;

/// Why a text is not a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectionError {
    /// Longer than [`MAX_BYTES`].
    TooLong,
    /// More than [`MAX_CONDITIONS`].
    TooManyConditions,
    /// No condition at all.
    Empty,
    /// Not a condition.
    NoCondition(String),
    /// An unknown field.
    UnknownField(String),
    /// An operator that the field does not have.
    Operator {
        /// The field.
        field: &'static str,
        /// The operator that was typed.
        operator: &'static str,
        /// The allowed operators.
        allowed: &'static str,
    },
    /// The same field with the same operator a second time.
    Twice(String),
    /// A field with a text search, a second time.
    OnlyOnce(&'static str),
    /// A value that the field cannot have.
    Value {
        /// The field.
        field: &'static str,
        /// The value that was typed.
        value: String,
        /// The allowed values: Chinese and English.
        allowed: (String, String),
    },
}

impl SelectionError {
    /// An unknown name.
    pub(super) fn unknown(field: &'static str, name: &str, known: &[&str]) -> Self {
        let listed = known.join(", ");
        Self::Value { field, value: name.to_owned(), allowed: (listed.clone(), listed) }
    }

    /// The sentence in one language.
    pub fn text(&self, lang: Lang) -> String {
        let fields = FIELDS.join(", ");
        match (self, lang) {
            (Self::TooLong, Lang::En) => format!("a selection is at most {MAX_BYTES} bytes long"),
            (Self::TooLong, Lang::Zh) => format!("筛选条件最长 {MAX_BYTES} 字节"),
            (Self::TooManyConditions, Lang::En) => format!("a selection has at most {MAX_CONDITIONS} conditions"),
            (Self::TooManyConditions, Lang::Zh) => format!("筛选条件最多 {MAX_CONDITIONS} 个"),
            (Self::Empty, Lang::En) => {
                format!("a selection has at least one condition, such as state=published; fields are {fields}")
            }
            (Self::Empty, Lang::Zh) => format!("至少要有一个条件，例如 state=published；可用字段：{fields}"),
            (Self::NoCondition(text), Lang::En) => format!(
                "{:?} is no condition; a condition is a field, one of = != < <= > >= ~ and a value, without blanks, such as theme=green",
                shown(text)
            ),
            (Self::NoCondition(text), Lang::Zh) => format!(
                "“{}”不是条件；条件由字段、= != < <= > >= ~ 之一和值组成，中间没有空格，例如 theme=green",
                shown(text)
            ),
            (Self::UnknownField(field), Lang::En) => {
                format!("no field is called {:?}; fields are {fields}", shown(field))
            }
            (Self::UnknownField(field), Lang::Zh) => format!("没有字段“{}”；可用字段：{fields}", shown(field)),
            (Self::Operator { field, operator, allowed }, Lang::En) => {
                format!("{field} cannot be compared by {operator}; allowed are {allowed}")
            }
            (Self::Operator { field, operator, allowed }, Lang::Zh) => {
                format!("字段 {field} 不能用 {operator} 比较；可用：{allowed}")
            }
            (Self::Twice(what), Lang::En) => {
                format!("{what} is given twice; write alternatives with commas, such as {what}a,b")
            }
            (Self::Twice(what), Lang::Zh) => format!("{what} 出现了两次；多个值用逗号分隔，例如 {what}a,b"),
            (Self::OnlyOnce(field), Lang::En) => format!("{field}~ is given twice; one text is looked for"),
            (Self::OnlyOnce(field), Lang::Zh) => format!("{field}~ 出现了两次；只能查找一段文字"),
            (Self::Value { field, value, allowed: (_, en) }, Lang::En) => {
                format!("{field} cannot be {:?}; allowed is {en}", shown(value))
            }
            (Self::Value { field, value, allowed: (zh, _) }, Lang::Zh) => {
                format!("字段 {field} 的值不能是“{}”；可用：{zh}", shown(value))
            }
        }
    }
}

impl std::fmt::Display for SelectionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

impl std::error::Error for SelectionError {}

/// Reads the whole text.
pub(super) fn selection(text: &str) -> Result<Selection, SelectionError> {
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
