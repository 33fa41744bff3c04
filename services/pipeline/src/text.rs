//! Texts that people type: forms, reasons, notes, names, search words. One type for all, built at the edge; later code
//! does not check them again.
use std::fmt;

use crate::lang::Lang;

/// A text that a person typed: trimmed, of bounded length, without characters that are not text.
///
/// Control characters are refused (Postgres cannot store NUL, terminals and logs act on the others), and so are the
/// characters that change the direction of the surrounding text (U+202A–202E, U+2066–2069, U+2028, U+2029), with which
/// a title could rewrite the line that it is shown in. Marks and joiners (U+200C–200F) are kept: Uyghur and Arabic are
/// written with them, and they affect only their neighbours. Nothing is normalised: a name is stored as its owner
/// writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(String);

/// How many lines a text may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// One: no tab and no line break.
    One,
    /// Several: tabs and line breaks are text.
    Many,
}

/// The limits of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// At least, in characters (Unicode scalar values), without surrounding space.
    pub min_chars: usize,
    /// At most.
    pub max_chars: usize,
    /// How many lines.
    pub lines: Lines,
}

impl Limit {
    /// The reason of an act, for the audit trail; and the words of a refusal or a proof.
    pub const REASON: Limit = Limit::many(1, 500);
    /// Name of a person, an organisation or a unit.
    pub const NAME: Limit = Limit::one(1, 100);
    /// Name of a token.
    pub const TOKEN_NAME: Limit = Limit::one(1, 80);
    /// How AI was used.
    pub const NOTE: Limit = Limit::many(0, 500);
    /// A partner's name for a work, or its address there.
    pub const RECEIPT: Limit = Limit::one(1, 2000);
    /// A title for one partner. No partner accepts that much; each partner's own limits are warnings.
    pub const TITLE: Limit = Limit::one(1, 200);
    /// A description for one partner, likewise.
    pub const TEXT: Limit = Limit::many(1, 5000);
    /// A tag for one partner, likewise.
    pub const TAG: Limit = Limit::one(1, 50);
    /// A search text of a list, and any other value of a query.
    pub const QUERY: Limit = Limit::one(0, 1000);

    /// A text of one line.
    pub const fn one(min_chars: usize, max_chars: usize) -> Self {
        Self { min_chars, max_chars, lines: Lines::One }
    }

    /// A text of any number of lines.
    pub const fn many(min_chars: usize, max_chars: usize) -> Self {
        Self { min_chars, max_chars, lines: Lines::Many }
    }
}

/// Why a text is refused. Never contains the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Too short or too long.
    #[error("{} to {} characters", .0.min_chars, .0.max_chars)]
    Length(Limit),
    /// A control character, or a line break in a text of one line.
    #[error("the character U+{:04X} is not allowed", u32::from(*.0))]
    Control(char),
    /// A character that changes the direction of the surrounding text.
    #[error("the character U+{:04X} is not allowed, as it turns the direction of other text", u32::from(*.0))]
    Direction(char),
}

impl TextError {
    /// One sentence for people.
    pub fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (_, Lang::En) => self.to_string(),
            (Self::Length(limit), Lang::Zh) => format!("须为 {} 至 {} 个字符", limit.min_chars, limit.max_chars),
            (Self::Control(c), Lang::Zh) => format!("不允许使用字符 U+{:04X}", u32::from(*c)),
            (Self::Direction(c), Lang::Zh) => format!("不允许使用改变文字方向的字符 U+{:04X}", u32::from(*c)),
        }
    }
}

impl Text {
    /// Trims a text and checks it.
    ///
    /// # Errors
    /// Says what is allowed.
    pub fn new(text: &str, limit: Limit) -> Result<Self, TextError> {
        let text = text.trim();
        check(text, limit.lines)?;
        let chars = text.chars().count();
        if (limit.min_chars..=limit.max_chars).contains(&chars) {
            Ok(Self(text.to_owned()))
        } else {
            Err(TextError::Length(limit))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks that a text contains no forbidden character, whatever its length.
///
/// # Errors
/// Names the first one.
pub fn check(text: &str, lines: Lines) -> Result<(), TextError> {
    text.chars().try_for_each(|c| stands(c, lines))
}

/// Whether a character is allowed in a text.
fn stands(c: char, lines: Lines) -> Result<(), TextError> {
    match c {
        '\t' | '\n' | '\r' if lines == Lines::Many => Ok(()),
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Err(TextError::Direction(c)),
        c if c.is_control() => Err(TextError::Control(c)),
        _ => Ok(()),
    }
}

/// A text of another program that cannot be refused any more, such as a partner's answer to a call that took effect:
/// each forbidden character becomes U+FFFD, and text beyond `max_chars` is cut.
pub fn tidy(text: &str, lines: Lines, max_chars: usize) -> String {
    let tidied = text.chars().map(|c| if stands(c, lines).is_ok() { c } else { char::REPLACEMENT_CHARACTER });
    tidied.take(max_chars).collect()
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

#[cfg(test)]
mod tests;
