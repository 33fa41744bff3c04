//! Login names.
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// The form of a login name, as a regular expression.
pub const LOGIN_PATTERN: &str = "^[a-z0-9][a-z0-9._@-]{0,63}$";
/// Longest login name.
const LOGIN_CHARS: usize = 64;

/// A login name, used on the machine where commands are typed and at the sign-in. 1 to 64 characters of a-z, 0-9, `.`,
/// `_`, `-` and `@`, beginning with a letter or digit, so that no two look alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Login(String);

/// The text is not a login name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a login name has 1 to 64 characters of a-z, 0-9, ., _, - and @ and begins with a letter or digit")]
pub struct WrongLogin;

impl Login {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Login {
    type Err = WrongLogin;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let plain = |c: char| alphanumeric(c) || matches!(c, '.' | '_' | '-' | '@');
        let right =
            (1..=LOGIN_CHARS).contains(&text.len()) && text.starts_with(alphanumeric) && text.chars().all(plain);
        if right { Ok(Self(text.to_owned())) } else { Err(WrongLogin) }
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
