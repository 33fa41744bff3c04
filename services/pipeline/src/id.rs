//! Ids as newtypes, so that a submission's id cannot be passed for an upload's.
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Wraps a name. A text that is not a name becomes `-`, which matches nothing. Use `parse` where the
            /// difference matters.
            pub fn new(name: impl Into<String>) -> Self {
                let name: String = name.into();
                Self::try_from(name).unwrap_or_else(|_| Self(NOTHING.to_owned()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self::new(name)
            }
        }

        impl TryFrom<String> for $name {
            type Error = WrongName;
            fn try_from(name: String) -> Result<Self, WrongName> {
                if is_name(&name) { Ok(Self(name)) } else { Err(WrongName::of(&name)) }
            }
        }

        impl FromStr for $name {
            type Err = WrongName;
            fn from_str(name: &str) -> Result<Self, WrongName> {
                Self::try_from(name.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

/// Longest name in characters: a rung and a partner of the catalogue (48 each), and what the planner adds between and
/// after them.
const NAME_CHARS: usize = 128;
/// The form of a name, as a regular expression for programs that send one.
pub const NAME_PATTERN: &str = "^[a-z0-9][a-z0-9_-]{0,127}$";
/// The result for a text that is not a name. It is not a valid name itself, so nothing has it.
const NOTHING: &str = "-";

/// Names become object keys, file names, queue arguments and labels, so they are restricted: they can contain neither a
/// path nor a control character.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    (1..=NAME_CHARS).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(plain)
}

/// The text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no name; a name has 1 to 128 characters of a-z, 0-9, - and _ and begins with a letter or digit")]
pub struct WrongName(String);

impl WrongName {
    /// Keeps the beginning, for the message.
    fn of(text: &str) -> Self {
        Self(text.chars().take(64).collect())
    }
}

uuid_id!(
    /// An entry. UUID v7, so that ids sort by time of entry.
    SubmissionId
);
uuid_id!(
    /// One tus upload; the last path segment of its address.
    UploadId
);
uuid_id!(
    /// A person who works with entries. UUID v7.
    PersonId
);
uuid_id!(
    /// A credential of a person, such as a token. UUID v7.
    CredentialId
);
name_id!(
    /// A contest: the stem of its file in `catalogue/contests/`.
    ContestId
);
name_id!(
    /// A recommending unit within a contest: `id` in its `[[units]]`.
    UnitId
);
name_id!(
    /// A partner: the stem of its file in `catalogue/partners/`.
    PartnerId
);
name_id!(
    /// A rendition within one submission's run, such as `social-1080`.
    RenditionName
);
name_id!(
    /// One effective encode of picture or sound within a plan, such as `v1` or `a2`. Equal wishes share one.
    EncodeId
);

/// Proof of being a part's current holder: from a database sequence, larger at each claim. Also names the attempt in
/// object keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fence(pub i64);

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WRONG: [&str; 14] =
        ["", "-", "_a", ".", "..", "../x", "a/b", "a.mp4", "A", "\u{0}", "a\u{0}", "a\nb", "ä", "a\u{202e}b"];

    #[test]
    fn what_is_no_name_is_refused_and_never_becomes_one() {
        for wrong in WRONG.map(str::to_owned).into_iter().chain(["x".repeat(129)]) {
            assert!(wrong.parse::<EncodeId>().is_err(), "{wrong:?}");
            assert!(serde_json::from_value::<EncodeId>(wrong.clone().into()).is_err(), "{wrong:?}");
            assert_eq!(PartnerId::new(wrong).as_str(), "-");
        }
        for right in ["v1", "social-1080", "web_720-copy-bilibili-2", "2024"] {
            assert_eq!(right.parse::<RenditionName>().unwrap().as_str(), right);
            let json = serde_json::to_value(RenditionName::new(right)).unwrap();
            assert_eq!(json, right);
            assert_eq!(serde_json::from_value::<RenditionName>(json).unwrap().as_str(), right);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_name_that_could_be_a_path(text in any::<String>()) {
            let name = EncodeId::new(text).to_string();
            prop_assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        }
    }
}
