//! Reads files into a checked catalogue. Every error names the file, the key and what is allowed.
use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use super::check::{check_contest, check_ladders, check_partner, check_phrases, check_retention, checked_id, wrong};
use super::fields::{self, FieldFile};
use super::phrases::PhrasesFile;
use super::{Catalogue, CatalogueError, Contest, Ladders, LengthLimit, Office, Passage, Retention, Theme, Unit};
use crate::id::{ContestId, PartnerId, RenditionName, UnitId};
use crate::partner::{CoverWish, DeliveryMethod, Limits, Name, Partner, Passthrough, Replacement, Sourced, Window};
use crate::screening::ContestRules;
use crate::submission::Gates;

/// `contests/ID.toml` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContestFile {
    name: Name,
    #[serde(default = "receipt_prefix")]
    receipt_prefix: String,
    #[serde(default, deserialize_with = "instant")]
    opens_at: Option<DateTime<FixedOffset>>,
    #[serde(default, deserialize_with = "instant")]
    deadline: Option<DateTime<FixedOffset>>,
    #[serde(default, deserialize_with = "instant")]
    publish_by: Option<DateTime<FixedOffset>>,
    grace_s: u64,
    max_upload_bytes: u64,
    title: LengthLimit,
    synopsis: LengthLimit,
    gates: Gates,
    partners: Vec<PartnerId>,
    rules: ContestRules,
    themes: Vec<Theme>,
    #[serde(default)]
    fields: Vec<FieldFile>,
    #[serde(default)]
    units: Vec<UnitFile>,
    #[serde(default)]
    call: Vec<Passage>,
    #[serde(default)]
    questions: Vec<Passage>,
    #[serde(default)]
    contacts: Vec<Office>,
}

/// One of a contest's `[[units]]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitFile {
    id: String,
    name: Name,
    #[serde(default)]
    aliases: Vec<String>,
    quota: Option<u32>,
    #[serde(default, deserialize_with = "instant")]
    deadline: Option<DateTime<FixedOffset>>,
}

/// `partners/ID.toml` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartnerFile {
    name: Name,
    method: DeliveryMethod,
    rungs: Vec<RenditionName>,
    #[serde(default = "yes")]
    silent_track: bool,
    #[serde(default)]
    adi_sidecar: bool,
    passthrough: Option<Passthrough>,
    replace: Option<Sourced<Replacement>>,
    window: Option<Window>,
    #[serde(default = "a_day")]
    recall_within_h: u32,
    #[serde(default)]
    sites: Vec<String>,
    #[serde(default)]
    covers: Vec<CoverWish>,
    #[serde(default)]
    limits: Limits,
}

/// Hours for a recall if a partner's file does not set them.
fn a_day() -> u32 {
    24
}

/// The prefix of receipts if a contest's file does not set it.
fn receipt_prefix() -> String {
    "RM".to_owned()
}

fn yes() -> bool {
    true
}

/// Reads a TOML date-time, which must have its offset: the deadline is one instant, wherever the server is.
fn instant<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<FixedOffset>>, D::Error> {
    let written = toml::value::Datetime::deserialize(from)?.to_string();
    let wanted = "is no instant; write it with its offset, such as 2024-08-01T00:00:00+08:00";
    DateTime::parse_from_rfc3339(&written).map(Some).map_err(|_| D::Error::custom(format!("{written} {wanted}")))
}

impl Catalogue {
    /// Reads a whole catalogue from (file name, text) pairs. Names are relative to the catalogue's directory, with `/`:
    /// `ladders.toml`, `phrases.toml`, `retention.toml`, `contests/ID.toml`, `partners/ID.toml`. The caller gives the `.toml` files only.
    pub fn from_files(files: &[(String, String)]) -> Result<Self, CatalogueError> {
        catalogue(files)
    }
}

fn catalogue(files: &[(String, String)]) -> Result<Catalogue, CatalogueError> {
    let (mut contests, mut partners, mut ladders) = (BTreeMap::new(), BTreeMap::new(), None);
    let (mut retention, mut phrases) = (Retention::default(), Vec::new());
    for (file, text) in files {
        let stem = |folder| file.strip_prefix(folder).and_then(|name: &str| name.strip_suffix(".toml"));
        if file == "ladders.toml" {
            ladders = Some(parse::<Ladders>(file, text)?);
        } else if file == "phrases.toml" {
            phrases = parse::<PhrasesFile>(file, text)?.phrases;
            check_phrases(file, &phrases)?;
        } else if file == "retention.toml" {
            retention = parse(file, text)?;
            check_retention(file, &retention)?;
        } else if let Some(id) = stem("contests/") {
            let id = ContestId::new(checked_id(file, id)?);
            contests.insert(id.clone(), (file, contest(id, parse(file, text)?)));
        } else if let Some(id) = stem("partners/") {
            let id = PartnerId::new(checked_id(file, id)?);
            partners.insert(id.clone(), (file, partner(id, parse(file, text)?)));
        } else {
            return Err(wrong(
                file,
                None,
                "is not known; files are ladders.toml, phrases.toml, retention.toml, contests/ID.toml and partners/ID.toml",
            ));
        }
    }
    let ladders = ladders.ok_or_else(|| wrong("ladders.toml", None, "is missing"))?;
    check_ladders(&ladders)?;
    for (file, partner) in partners.values() {
        check_partner(file, partner, &ladders)?;
    }
    let known: Vec<&PartnerId> = partners.keys().collect();
    for (file, contest) in contests.values() {
        check_contest(file, contest, &known)?;
    }
    Ok(Catalogue {
        contests: contests.into_iter().map(|(id, (_, contest))| (id, contest)).collect(),
        partners: partners.into_iter().map(|(id, (_, partner))| (id, partner)).collect(),
        ladders,
        phrases,
        retention,
    })
}

fn contest(id: ContestId, file: ContestFile) -> Contest {
    let unit = |it: UnitFile| Unit {
        id: UnitId::new(it.id),
        name: it.name,
        aliases: it.aliases,
        quota: it.quota,
        deadline: it.deadline,
    };
    let units: Vec<Unit> = file.units.into_iter().map(unit).collect();
    let fields = fields::of(file.fields, file.title, file.synopsis, &file.themes, &units);
    Contest {
        id,
        name: file.name,
        receipt_prefix: file.receipt_prefix,
        opens_at: file.opens_at,
        deadline: file.deadline,
        publish_by: file.publish_by,
        grace_s: file.grace_s,
        max_upload_bytes: file.max_upload_bytes,
        title: file.title,
        synopsis: file.synopsis,
        themes: file.themes,
        fields,
        units,
        call: file.call,
        questions: file.questions,
        contacts: file.contacts,
        gates: file.gates,
        partners: file.partners,
        rules: file.rules,
    }
}

fn partner(id: PartnerId, file: PartnerFile) -> Partner {
    Partner {
        id,
        name: file.name,
        method: file.method,
        rungs: file.rungs,
        silent_track: file.silent_track,
        adi_sidecar: file.adi_sidecar,
        passthrough: file.passthrough,
        replace: file.replace,
        window: file.window,
        recall_within_h: file.recall_within_h,
        sites: file.sites,
        covers: file.covers,
        limits: file.limits,
    }
}

/// Parses one file; an error gives line and key, and toml itself lists what would be allowed there.
fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, CatalogueError> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map(|span| place(text, span.start));
        let (line, key) = at.unwrap_or((1, None));
        let message = error.message().trim_end_matches('.').replace('\n', ", ");
        wrong(file, key.as_deref(), format!("line {line}: {message}"))
    })
}

/// Line number and dotted key of a byte of a TOML text: the last table header above, and the text before `=` in the
/// line.
fn place(text: &str, at: usize) -> (usize, Option<String>) {
    let before = text.get(..at).unwrap_or("");
    let line = before.matches('\n').count() + 1;
    let mut table = String::new();
    let mut key = String::new();
    for text in text.lines().take(line) {
        let text = text.trim();
        if text.starts_with('[') && text.ends_with(']') {
            table = text.trim_matches(['[', ']']).trim().to_owned();
            key.clear();
        } else if let Some((name, _)) = text.split_once('=').filter(|_| !text.starts_with('#')) {
            name.trim().clone_into(&mut key);
        }
    }
    let dotted = [table, key].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
    (line, (!dotted.is_empty()).then_some(dotted))
}
