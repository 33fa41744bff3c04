//! A contest: what may be entered, until when, and the rules for it.
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Office, Passage};
use crate::form::Field;
use crate::id::{ContestId, PartnerId, UnitId};
use crate::partner::Name;
use crate::screening::ContestRules;
use crate::sheet::plain_title;
use crate::submission::Gates;

/// One call for entries.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contest {
    /// The stem of its file.
    pub id: ContestId,
    /// Its name for people.
    pub name: Name,
    /// The prefix of its receipt numbers, see [`crate::receipt`].
    pub receipt_prefix: String,
    /// Uploads may start from this instant; `None` is at once.
    pub opens_at: Option<DateTime<FixedOffset>>,
    /// Uploads may start before this instant; `None` is without limit.
    pub deadline: Option<DateTime<FixedOffset>>,
    /// The instant by which the accepted works must be live; monitoring compares the forecast with it. `None` is no
    /// such date.
    pub publish_by: Option<DateTime<FixedOffset>>,
    /// How long after the deadline an upload that started in time may finish, seconds.
    pub grace_s: u64,
    /// Largest entry, bytes.
    pub max_upload_bytes: u64,
    /// Length of a title.
    pub title: LengthLimit,
    /// Length of a synopsis.
    pub synopsis: LengthLimit,
    /// The subjects; each entry names one.
    pub themes: Vec<Theme>,
    /// The questions for an entrant, in the order of the form.
    pub fields: Vec<Field>,
    /// Organisations that recommend works and bring many at once.
    pub units: Vec<Unit>,
    /// The call for entries on the contest's page, in sections.
    pub call: Vec<Passage>,
    /// Questions with their answers.
    pub questions: Vec<Passage>,
    /// Offices that answer entrants.
    pub contacts: Vec<Office>,
    /// Which gates wait for a person.
    pub gates: Gates,
    /// The partners of accepted works, in the order of the call.
    pub partners: Vec<PartnerId>,
    /// The rules for entries.
    pub rules: ContestRules,
}

/// How long a text may be, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LengthLimit {
    /// At least.
    pub min_chars: u32,
    /// At most.
    pub max_chars: u32,
}

/// A theme of the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    /// Stable id, as in the API.
    pub id: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// The subjects of works in this theme, from the call.
    #[serde(default)]
    pub about: Option<Name>,
}

/// A recommending unit (推荐单位).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// Stable id, as in addresses and roles.
    pub id: UnitId,
    /// Its name. Entries contain the Chinese name.
    pub name: Name,
    /// Other names, such as an abbreviation.
    pub aliases: Vec<String>,
    /// Most works that it may recommend, not counting refused and withdrawn ones; `None`: any number.
    pub quota: Option<u32>,
    /// The instant before which its works must be entered; `None`: the contest's deadline applies.
    pub deadline: Option<DateTime<FixedOffset>>,
}

impl Unit {
    /// All its names, as entries may contain them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [&self.name.zh, &self.name.en].into_iter().chain(&self.aliases).map(String::as_str)
    }

    /// Whether its own deadline allows entries at `now`.
    pub fn accepts(&self, now: DateTime<Utc>) -> bool {
        self.deadline.is_none_or(|deadline| now < deadline)
    }
}

/// A window that the organisers opened for one work: until its end the film may be replaced and the texts corrected,
/// although the deadline has passed or review has begun. It ends by the clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cure {
    /// Its end.
    pub until: DateTime<Utc>,
    /// What the entrant has to correct, in words for the entrant.
    pub reason: String,
}

impl Contest {
    /// A unit by its id.
    pub fn unit(&self, id: &UnitId) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.id == *id)
    }

    /// The unit that a text names, ignoring width, case, blanks and punctuation.
    pub fn unit_named(&self, text: &str) -> Option<&Unit> {
        let wanted = plain_title(text);
        let is = |unit: &&Unit| unit.names().any(|name| plain_title(name) == wanted);
        (!wanted.is_empty()).then(|| self.units.iter().find(is)).flatten()
    }

    /// Whether an upload may start at `now`. The deadline itself is too late: 24:00 is the next day's first instant.
    pub fn accepts(&self, now: DateTime<Utc>) -> bool {
        self.opens_at.is_none_or(|opens| now >= opens) && self.deadline.is_none_or(|deadline| now < deadline)
    }

    /// Whether an upload that started at `started` may still finish at `now`.
    pub fn may_finish(&self, started: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.accepts(started) && self.latest_finish().is_none_or(|latest| now < latest)
    }

    /// When the grace for started uploads ends; `None` if there is no deadline.
    pub fn latest_finish(&self) -> Option<DateTime<Utc>> {
        self.finish_before(None)
    }

    /// Whether an upload of a work with this cure may start at `now`.
    pub fn takes(&self, cure: Option<&Cure>, now: DateTime<Utc>) -> bool {
        self.accepts(now) || cure.is_some_and(|cure| now < cure.until)
    }

    /// The instant before which an upload of a work with this cure must start; `None` if there is no deadline.
    pub fn start_before(&self, cure: Option<&Cure>) -> Option<DateTime<Utc>> {
        let deadline = self.deadline?.to_utc();
        Some(cure.map_or(deadline, |cure| deadline.max(cure.until)))
    }

    /// The instant before which such an upload must be complete: the grace is added to the cure's end as to the
    /// deadline.
    pub fn finish_before(&self, cure: Option<&Cure>) -> Option<DateTime<Utc>> {
        self.start_before(cure)?.checked_add_signed(self.grace())
    }

    fn grace(&self) -> TimeDelta {
        TimeDelta::seconds(i64::try_from(self.grace_s).unwrap_or(i64::MAX / 1000))
    }

    /// A field of the form by its id.
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == id)
    }

    /// A theme by its id.
    pub fn theme(&self, id: &str) -> Option<&Theme> {
        self.themes.iter().find(|theme| theme.id == id)
    }
}
