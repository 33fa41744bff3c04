//! The language of `--where`: which works a bulk job is about, as `theme=green partner=bilibili engine<0.3`. Text is
//! parsed here to a typed selection, completely or with an error that says what is allowed; the store finds the works.
//!
//! A selection is a list of conditions separated by blanks, all of which must hold. A condition is a field, an operator
//! and a value without blanks; names may be alternatives separated by commas. A text with blanks is enclosed in double
//! quotes, as `title~"green factory"`; within them `\"` is a quote and `\\` a backslash.
//!
//! | field | operators | value |
//! |---|---|---|
//! | `contest`, `theme`, `state` | `=` `!=` | ids, as `status` shows them |
//! | `title`, `unit` | `~` | a text contained in the title or the recommending unit, ignoring case |
//! | `partner` | `=` `!=` | partners that the work has a delivery to |
//! | `delivery` | `=` `!=` | states of a delivery (to such a partner, if one is named) |
//! | `rendition` | `=` `!=` | renditions in force |
//! | `engine` | all | version of the code that made a rendition in force (of that name, if one is named) |
//! | `entered` | all but `!=` | a day in China, or an instant with its offset |
use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

mod bounds;
mod contains;
mod error;
mod known;
mod names;
mod parse;
mod version;

pub use bounds::{MAX_BYTES, MAX_CONDITIONS, MAX_NAMES};
pub use error::SelectionError;
pub use names::{Names, Operator};
pub use version::Version;

/// Selects works. The default selects every one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Selection {
    /// Contests, by id.
    pub contest: Names,
    /// Themes, by id.
    pub theme: Names,
    /// States, by name.
    pub state: Names,
    /// A text in the title, ignoring case.
    pub title: Option<String>,
    /// A text in the recommending unit, ignoring case.
    pub unit: Option<String>,
    /// Partners that the work has a delivery to.
    pub partner: Names,
    /// States of a delivery; with [`Names::any`] of `partner`, to one of these.
    pub delivery: Names,
    /// Renditions in force.
    pub rendition: Names,
    /// Conditions on the version of the code that made such a rendition; all must hold.
    pub engine: Vec<(Operator, Version)>,
    /// Entered at this time or later.
    pub entered_from: Option<DateTime<Utc>>,
    /// Entered before this time.
    pub entered_before: Option<DateTime<Utc>>,
}

impl Selection {
    /// Whether there are no conditions, which selects every work.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an engine, as renditions name it (`reelmill 0.1.0, ffmpeg 5.1.9`), has a wanted version. An engine
    /// without a version satisfies no condition.
    pub fn selects_engine(&self, engine: &str) -> bool {
        let Some(version) = Version::of_engine(engine) else { return self.engine.is_empty() };
        self.engine.iter().all(|(operator, wanted)| operator.holds(&version, wanted))
    }

    fn fields(&self) -> [(&'static str, &Names); 6] {
        [
            ("contest", &self.contest),
            ("theme", &self.theme),
            ("state", &self.state),
            ("partner", &self.partner),
            ("delivery", &self.delivery),
            ("rendition", &self.rendition),
        ]
    }
}

impl fmt::Display for Selection {
    /// The selection in its typed form, one field after the other; parsing it gives the same selection.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(",");
        let mut conditions = Vec::new();
        for (field, names) in self.fields().into_iter().filter(|(_, names)| !names.is_empty()) {
            if !names.any.is_empty() {
                conditions.push(format!("{field}={}", listed(&names.any)));
            }
            if !names.none.is_empty() {
                conditions.push(format!("{field}!={}", listed(&names.none)));
            }
        }
        let texts = [("title", &self.title), ("unit", &self.unit)];
        conditions.extend(
            texts
                .into_iter()
                .filter_map(|(field, text)| Some(format!("{field}~{}", contains::quoted(text.as_deref()?)))),
        );
        conditions.extend(self.engine.iter().map(|(operator, version)| format!("engine{}{version}", operator.text())));
        let instant = |at: &DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
        conditions.extend(self.entered_from.iter().map(|at| format!("entered>={}", instant(at))));
        conditions.extend(self.entered_before.iter().map(|at| format!("entered<{}", instant(at))));
        f.write_str(&conditions.join(" "))
    }
}

impl TryFrom<String> for Selection {
    type Error = SelectionError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Selection> for String {
    fn from(selection: Selection) -> Self {
        selection.to_string()
    }
}

#[cfg(test)]
mod tests;
