//! What a catalogue's files must keep beyond their types: ranges, known names, nothing twice.
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::{CatalogueError, Contest, Ladders, Phrase, Retention, Unit, fields};
use crate::form::{self, Kind};
use crate::id::PartnerId;
use crate::partner::Partner;
use crate::receipt;
use crate::sheet::plain_title;
use crate::text::Limit;

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

pub(super) fn wrong(file: &str, key: Option<&str>, problem: impl Into<String>) -> CatalogueError {
    CatalogueError { file: file.to_owned(), key: key.map(str::to_owned), problem: problem.into() }
}

/// Ids become object keys, queue arguments and labels, so they are restricted to plain names.
pub(super) fn checked_id<'a>(file: &str, id: &'a str) -> Result<&'a str, CatalogueError> {
    if is_plain(id) { Ok(id) } else { Err(wrong(file, None, format!("{id:?} is no id; {PLAIN}"))) }
}

/// A name in the DNS, with at least one dot.
fn is_host(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let label = |part: &str| !part.is_empty() && part.len() <= 63 && part.chars().all(letter);
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
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

/// x264's presets, without `ultrafast`, which disables the tools of the High profile, and `placebo`, which costs hours
/// without a visible benefit.
const PRESETS: [&str; 8] = ["superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"];

pub(super) fn check_ladders(ladders: &Ladders) -> Result<(), CatalogueError> {
    let file = "ladders.toml";
    if !PRESETS.contains(&ladders.preset.as_str()) {
        let problem = format!("{:?} is no preset; allowed are {}", ladders.preset, listed(&PRESETS));
        return Err(wrong(file, Some("preset"), problem));
    }
    check_range(file, "threads", ladders.threads, 1..=16)?;
    check_range(file, "gop_s", ladders.gop_s, 1..=10)?;
    check_range(file, "buffer_s", ladders.buffer_s, 0.5..=4.0)?;
    check_range(file, "segment_s", ladders.segment_s, 0..=60)?;
    check_range(file, "segment_buffer_start", ladders.segment_buffer_start, 0.1..=0.9)?;
    if ladders.rungs.is_empty() {
        return Err(wrong(file, Some("rungs"), "is empty; name at least one rung"));
    }
    for (name, rung) in &ladders.rungs {
        let key = |field| format!("rungs.{name}.{field}");
        if !is_plain(name.as_str()) {
            return Err(wrong(file, Some(&format!("rungs.{name}")), format!("is no name of a rung; {PLAIN}")));
        }
        check_range(file, &key("short_side"), rung.short_side, 16..=4320)?;
        if rung.short_side % 2 == 1 {
            let problem = format!("{} is odd; 4:2:0 needs even sizes", rung.short_side);
            return Err(wrong(file, Some(&key("short_side")), problem));
        }
        check_range(file, &key("crf"), rung.crf, 0.0..=51.0)?;
        check_range(file, &key("max_bitrate_kbps"), rung.max_bitrate_kbps, 100..=200_000)?;
        check_range(file, &key("audio_bitrate_kbps"), rung.audio_bitrate_kbps, 32..=320)?;
        check_range(file, &key("loudness_lufs"), rung.loudness_lufs, -40.0..=-5.0)?;
        check_range(file, &key("loudness_tolerance_lu"), rung.loudness_tolerance_lu, 0.1..=10.0)?;
        check_range(file, &key("true_peak_dbtp"), rung.true_peak_dbtp, -12.0..=0.0)?;
    }
    Ok(())
}

pub(super) fn check_partner(file: &str, partner: &Partner, ladders: &Ladders) -> Result<(), CatalogueError> {
    check_known(file, "rungs", &partner.rungs, &ladders.rungs.keys().collect::<Vec<_>>())?;
    if let Some(spec) = &partner.passthrough {
        check_range(file, "passthrough.max_level", spec.max_level, 10..=62)?;
        check_range(file, "passthrough.max_side_pixels", spec.max_side_pixels, 16..=8192)?;
        check_range(file, "passthrough.max_frame_rate", spec.max_frame_rate, 1..=240)?;
        check_range(file, "passthrough.max_peak_bitrate_kbps", spec.max_peak_bitrate_kbps, 100..=400_000)?;
        check_range(file, "passthrough.max_key_frame_interval_ms", spec.max_key_frame_interval_ms, 100..=60_000)?;
        if spec.profiles.is_empty() {
            return Err(wrong(file, Some("passthrough.profiles"), "is empty; such as [\"High\", \"Main\"]"));
        }
    }
    if let Some(window) = &partner.window {
        check_range(file, "window.from_hour", window.from_hour, 0..=23)?;
        check_range(file, "window.to_hour", window.to_hour, 1..=24)?;
        if window.from_hour == window.to_hour {
            return Err(wrong(
                file,
                Some("window.to_hour"),
                "is the hour at which it opens; leave window out for the whole day",
            ));
        }
    }
    check_range(file, "recall_within_h", partner.recall_within_h, 1..=24 * 30)?;
    if let Some(site) = partner.sites.iter().find(|site| !is_host(site)) {
        return Err(wrong(
            file,
            Some("sites"),
            format!("{site:?} is no host; write it in lower case, such as \"example.com\""),
        ));
    }
    let mut shapes = BTreeSet::new();
    for cover in &partner.covers {
        check_range(file, "covers.width_pixels", cover.width_pixels, 64..=4096)?;
        check_range(file, "covers.min_width_pixels", cover.min_width_pixels, 0..=cover.width_pixels)?;
        check_range(file, "covers.min_height_pixels", cover.min_height_pixels, 0..=4096)?;
        check_range(file, "covers.max_bytes", cover.max_bytes.unwrap_or(u64::MAX), 16_000..=u64::MAX)?;
        if !shapes.insert(cover.aspect.to_string()) {
            return Err(wrong(file, Some("covers.aspect"), format!("{} is asked for twice", cover.aspect)));
        }
    }
    let limits = &partner.limits;
    if let Some(limit) = &limits.calls_per_minute {
        check_range(file, "limits.calls_per_minute.value", limit.value, 1..=60_000)?;
    }
    if let Some(limit) = &limits.max_side_pixels {
        check_range(file, "limits.max_side_pixels.value", limit.value, 16..=8192)?;
    }
    if let Some(limit) = &limits.max_bitrate_kbps {
        check_range(file, "limits.max_bitrate_kbps.value", limit.value, 100..=400_000)?;
    }
    if let Some(limit) = &limits.max_audio_bitrate_kbps {
        check_range(file, "limits.max_audio_bitrate_kbps.value", limit.value, 32..=512)?;
    }
    if let (Some(min), Some(max)) = (&limits.title_min_chars, &limits.title_max_chars) {
        check_range(file, "limits.title_min_chars.value", min.value, 0..=max.value)?;
    }
    if let Some(limit) = &limits.max_size_bytes {
        check_range(file, "limits.max_size_bytes.value", limit.value, 1_000_000..=1 << 40)?;
    }
    Ok(())
}

pub(super) fn check_contest(file: &str, contest: &Contest, partners: &[&PartnerId]) -> Result<(), CatalogueError> {
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
