//! Versions as numbers separated by dots, compared number by number.
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Most numbers of a version.
const MAX_NUMBERS: usize = 4;

/// A version such as `0.3` or `1.2.10`. Missing numbers are zeros: `0.3` is `0.3.0`.
#[derive(Clone, Debug)]
pub struct Version(Vec<u32>);

/// The text is not a version.
#[derive(Debug, PartialEq, Eq)]
pub struct NoVersion;

impl Version {
    /// The version of our own code in an engine's name, `reelmill 0.1.0, ffmpeg 5.1.9`. What follows a hyphen or a plus sign,
    /// such as `-rc1`, does not count.
    pub fn of_engine(engine: &str) -> Option<Self> {
        let text = engine.strip_prefix("reelmill ")?.split(',').next()?;
        text.split(['-', '+']).next()?.trim().parse().ok()
    }

    /// The numbers without trailing zeros, which have no meaning.
    fn significant(&self) -> &[u32] {
        let end = self.0.iter().rposition(|number| *number != 0).map_or(0, |last| last + 1);
        &self.0[..end]
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.significant().cmp(other.significant())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(u32::to_string).collect::<Vec<_>>().join("."))
    }
}

impl FromStr for Version {
    type Err = NoVersion;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse::<u32>().ok()).flatten().ok_or(NoVersion)
        };
        let numbers = text.split('.').take(MAX_NUMBERS + 1).map(number).collect::<Result<Vec<_>, _>>()?;
        if numbers.len() > MAX_NUMBERS { Err(NoVersion) } else { Ok(Self(numbers)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_number_by_number_not_letter_by_letter() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert!(version("0.9") < version("0.10"));
        assert!(version("1") < version("1.0.1"));
        assert_eq!(version("0.3"), version("0.3.0"));
        for wrong in ["", "v1", "1.", ".1", "1.2.3.4.5", "-1", "+1", "99999999999", "1 2"] {
            assert_eq!(wrong.parse::<Version>().unwrap_err(), NoVersion, "{wrong}");
        }
    }

    #[test]
    fn an_engines_version_is_our_own_not_ffmpegs() {
        let of = |engine: &str| Version::of_engine(engine).map(|version| version.to_string());
        assert_eq!(of("reelmill 0.1.0, ffmpeg 5.1.9").as_deref(), Some("0.1.0"));
        assert_eq!(of("reelmill 0.2.0-rc1, ffmpeg 6.0").as_deref(), Some("0.2.0"));
        assert_eq!(of("test"), None);
    }
}
