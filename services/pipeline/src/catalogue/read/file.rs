//! The files of contests and partners as written, with the defaults of absent keys, and what they become.
use chrono::{DateTime, FixedOffset};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::catalogue::fields::{self, FieldFile};
use crate::catalogue::{Contest, LengthLimit, Office, Passage, Theme, Unit};
use crate::id::{ContestId, PartnerId, RenditionName, UnitId};
use crate::partner::{CoverWish, DeliveryMethod, Limits, Name, Partner, Passthrough, Replacement, Sourced, Window};
use crate::screening::ContestRules;
use crate::submission::Gates;

/// `contests/ID.toml` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContestFile {
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
pub(super) struct PartnerFile {
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

pub(super) fn contest(id: ContestId, file: ContestFile) -> Contest {
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

pub(super) fn partner(id: PartnerId, file: PartnerFile) -> Partner {
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
