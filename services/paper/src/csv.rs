//! Text with separators (RFC 4180), as Excel and WPS write it: comma, semicolon or tab; UTF-8, UTF-16 or GB 18030,
//! which includes GBK.
use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8};

use crate::book::{Book, Cells, Collector};
use crate::limits::Limits;
use crate::refusal::Refusal;

/// Reads a CSV.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Book, Refusal> {
    let text = decoded(bytes)?;
    // No spreadsheet program writes control characters into text; a file that contains them is of another type.
    let acts = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n');
    if text.contains(acts) || text.trim_start().starts_with(['<', '{', '%']) {
        return Err(Refusal::UnknownFormat);
    }
    let mut collector = Collector::new(limits);
    let mut cells = collector.sheet("")?;
    split(&text, &mut cells)?;
    cells.end();
    collector.book()
}

/// The text of a file: by its byte order mark if it has one, else UTF-8 if it is valid, else GB 18030.
fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    let (encoding, text) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, &bytes[length..]),
        None if std::str::from_utf8(bytes).is_ok() => (UTF_8, bytes),
        None => (GB18030, bytes),
    };
    encoding.decode_without_bom_handling_and_without_replacement(text).ok_or(Refusal::UnknownEncoding)
}

/// The separator of fields: the candidate that occurs most often in the first line.
fn separator(text: &str) -> char {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    // Of equal counts the last one wins, so a line without any separator is a row of one field.
    [';', '\t', ','].into_iter().max_by_key(|candidate| first.matches(*candidate).count()).unwrap_or(',')
}

/// Adds every field. A quoted field may contain separators and line ends; a doubled quote in it is a quote.
fn split(text: &str, cells: &mut Cells) -> Result<(), Refusal> {
    let separator = separator(text);
    let mut at = (0, 0);
    let (mut field, mut quoted) = (String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            // Programs write `="138…"` to keep Excel from turning a text into a number.
            '"' if matches!(field.trim(), "" | "=") => {
                field.clear();
                quoted = true;
            }
            '\n' if !quoted => {
                cells.put(at.0, at.1, &std::mem::take(&mut field))?;
                at = (at.0 + 1, 0);
            }
            c if c == separator && !quoted => {
                cells.put(at.0, at.1, &std::mem::take(&mut field))?;
                at.1 += 1;
            }
            c => field.push(c),
        }
    }
    // A quote without an end would turn everything after it into one cell.
    if quoted {
        return Err(Refusal::Damaged);
    }
    cells.put(at.0, at.1, &field)
}
