//! The number of an entry's receipt (回执编号), such as `GQ24-4829-1735-0617`: the contest's prefix, eleven random digits, and a check digit.
//!
//! The check digit is that of H. Michael Damm ("Total anti-symmetrische Quasigruppen", dissertation, Marburg 2004): it
//! detects every single wrong digit and every swap of neighbours. The prefix is not included: a number with a wrong
//! prefix was never issued.
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Random digits. A contest of ten thousand works uses one number in ten million possible ones, so a guess is correct
/// as rarely.
const DIGITS: usize = 11;
/// Random digits and the check digit.
const ALL_DIGITS: usize = DIGITS + 1;
/// Most characters of a prefix.
pub const MOST_PREFIX: usize = 8;

/// The multiplication table of Damm's quasigroup of order 10: totally anti-symmetric, with zeros in its diagonal.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// A receipt's number. It does not imply that such a receipt exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Receipt(String);

/// Why a text is not a receipt's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Its form is wrong.
    #[error("a receipt's number is a prefix and twelve digits, such as GQ24-4829-1735-0617")]
    Malformed,
    /// A digit is wrong, or two are swapped.
    #[error("the check digit of the receipt's number is wrong")]
    Mistyped,
}

impl Receipt {
    /// The number with these random digits: `random` modulo 10¹¹. The prefix is a contest's, which the catalogue has
    /// checked.
    pub fn new(prefix: &str, random: u64) -> Self {
        let drawn = format!("{:0DIGITS$}", random % 10_u64.pow(DIGITS as u32));
        Self::grouped(prefix, &format!("{drawn}{}", check(drawn.bytes())))
    }

    /// In the form for people.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn grouped(prefix: &str, digits: &str) -> Self {
        Self(format!("{prefix}-{}-{}-{}", &digits[..4], &digits[4..8], &digits[8..]))
    }
}

/// Whether a text can be a contest's prefix: capital letters and digits, a letter first.
pub fn is_prefix(text: &str) -> bool {
    let plain = text.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit());
    plain && text.starts_with(|first: char| first.is_ascii_uppercase()) && text.len() <= MOST_PREFIX
}

/// Damm's check of digits in ASCII; 0 for digits that end with their check digit.
fn check(digits: impl Iterator<Item = u8>) -> u8 {
    digits.fold(0, |interim, digit| DAMM[usize::from(interim)][usize::from(digit - b'0')])
}

impl FromStr for Receipt {
    type Err = ReceiptError;

    /// Reads a number as people type it: with or without hyphens and blanks, in lower case, in full width.
    fn from_str(text: &str) -> Result<Self, ReceiptError> {
        // The length of a pasted line; a number has at most 23 characters.
        if text.len() > 200 {
            return Err(ReceiptError::Malformed);
        }
        let narrow = |c: char| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            other => other,
        };
        let of_none = |c: &char| !c.is_whitespace() && !matches!(c, '-' | '–' | '—' | '－' | '‐' | '‑');
        let text: String = text.chars().filter(of_none).map(narrow).filter(of_none).collect();
        let text = text.to_ascii_uppercase();
        let at = text.len().checked_sub(ALL_DIGITS).filter(|at| text.is_char_boundary(*at));
        let (prefix, digits) = text.split_at(at.ok_or(ReceiptError::Malformed)?);
        if !is_prefix(prefix) || !digits.bytes().all(|it| it.is_ascii_digit()) {
            return Err(ReceiptError::Malformed);
        }
        if check(digits.bytes()) != 0 {
            return Err(ReceiptError::Mistyped);
        }
        Ok(Self::grouped(prefix, digits))
    }
}

impl TryFrom<String> for Receipt {
    type Error = ReceiptError;

    fn try_from(text: String) -> Result<Self, ReceiptError> {
        text.parse()
    }
}

impl From<Receipt> for String {
    fn from(receipt: Receipt) -> Self {
        receipt.0
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
