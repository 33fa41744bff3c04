//! The limits of a contest's file: its times, themes, units and fields.
use std::collections::{BTreeMap, BTreeSet};

use super::{PLAIN, check_known, check_range, is_plain, wrong};
use crate::catalogue::{CatalogueError, Contest, Unit, fields};
use crate::form::{self, Kind};
use crate::id::PartnerId;
use crate::receipt;
use crate::sheet::plain_title;
use crate::text::Limit;

pub(crate) fn check_contest(file: &str, contest: &Contest, partners: &[&PartnerId]) -> Result<(), CatalogueError> {
    check_units(file, &contest.units)?;
    if !receipt::is_prefix(&contest.receipt_prefix) {
        let allowed = format!("a capital letter, then up to {} capital letters and digits", receipt::MOST_PREFIX - 1);
        let problem = format!("{:?} begins no receipt's number; allowed is {allowed}", contest.receipt_prefix);
        return Err(wrong(file, Some("receipt_prefix"), problem));
    }
    check_known(file, "partners", &contest.partners, partners)?;
    check_range(file, "grace_s", contest.grace_s, 0..=30 * 86_400)?;
    check_range(file, "max_upload_bytes", contest.max_upload_bytes, 1_000..=1 << 40)?;
    for (key, limit) in [("title", contest.title), ("synopsis", contest.synopsis)] {
        check_range(file, &format!("{key}.max_chars"), limit.max_chars, 1..=10_000)?;
        check_range(file, &format!("{key}.min_chars"), limit.min_chars, 0..=limit.max_chars)?;
    }
    if let (Some(opens), Some(deadline)) = (contest.opens_at, contest.deadline)
        && opens >= deadline
    {
        return Err(wrong(file, Some("opens_at"), format!("{opens} is not before the deadline {deadline}")));
    }
    if let (Some(deadline), Some(publish_by)) = (contest.deadline, contest.publish_by)
        && publish_by < deadline
    {
        return Err(wrong(file, Some("publish_by"), format!("{publish_by} is before the deadline {deadline}")));
    }
    if contest.themes.is_empty() {
        return Err(wrong(file, Some("themes"), "is empty; write at least one [[themes]]"));
    }
    let mut seen = BTreeSet::new();
    for theme in &contest.themes {
        if !is_plain(&theme.id) {
            return Err(wrong(file, Some("themes.id"), format!("{:?} is no id; {PLAIN}", theme.id)));
        }
        if !seen.insert(&theme.id) {
            return Err(wrong(file, Some("themes.id"), format!("{:?} is given twice", theme.id)));
        }
    }
    check_fields(file, contest)?;
    contest.rules.check().map_err(|(key, problem)| wrong(file, Some(&format!("rules.{key}")), problem))
}

fn check_fields(file: &str, contest: &Contest) -> Result<(), CatalogueError> {
    let mut seen = BTreeSet::new();
    for field in &contest.fields {
        if field.is_own() && !is_plain(&field.id) {
            let problem = format!("{:?} is no id; {PLAIN}, or one of {}", field.id, form::id::KNOWN.join(", "));
            return Err(wrong(file, Some("fields.id"), problem));
        }
        if !seen.insert(&field.id) {
            return Err(wrong(file, Some("fields.id"), format!("{:?} is given twice", field.id)));
        }
        check_range(file, "fields.max_chars", field.max_chars, 1..=10_000)?;
        check_range(file, "fields.min_chars", field.min_chars, 0..=field.max_chars)?;
        if field.kind == Kind::Choice && field.choices.is_empty() {
            return Err(wrong(file, Some("fields.choices"), format!("{:?} has none to choose from", field.id)));
        }
    }
    fields::check(&contest.fields).map_err(|problem| wrong(file, Some("fields"), problem))
}

/// A unit is found by its id and by each of its names, so none of them may belong to another unit.
fn check_units(file: &str, units: &[Unit]) -> Result<(), CatalogueError> {
    let (mut ids, mut names) = (BTreeSet::new(), BTreeMap::new());
    for unit in units {
        if !is_plain(unit.id.as_str()) {
            return Err(wrong(file, Some("units.id"), format!("{:?} is no id; {PLAIN}", unit.id.as_str())));
        }
        if !ids.insert(&unit.id) {
            return Err(wrong(file, Some("units.id"), format!("{:?} is given twice", unit.id.as_str())));
        }
        check_range(file, "units.quota", unit.quota.unwrap_or(1), 1..=100_000)?;
        for name in unit.names() {
            check_range(file, "units.name", name.trim().chars().count(), 1..=Limit::NAME.max_chars)?;
            if plain_title(name).is_empty()
                || names.insert(plain_title(name), &unit.id).is_some_and(|it| *it != unit.id)
            {
                return Err(wrong(file, Some("units.name"), format!("{name:?} is no name, or another unit's")));
            }
        }
    }
    Ok(())
}
