//! The format of a file, by its content and never by its name.
use std::io::Read;
use std::path::Path;

use crate::book::Answer;
use crate::limits::Limits;
use crate::refusal::Refusal;
use crate::{csv, xlsx};

/// A zip archive, such as an .xlsx.
const ZIP: &[u8] = b"PK\x03\x04";
/// A compound file (OLE): .xls, .et, or any workbook with a password.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// Name of the stream that holds a workbook with a password, in UTF-16.
const ENCRYPTED: &[u8] = b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0";

/// Reads the spreadsheet at `path`, within `limits`.
///
/// # Errors
/// If the file itself cannot be read. Faults of its content are an [`Answer`].
pub fn read(path: &Path, limits: &Limits) -> std::io::Result<Answer> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limits.file_bytes + 1).read_to_end(&mut bytes)?;
    let book = if bytes.len() as u64 > limits.file_bytes {
        Err(Refusal::FileTooLarge { most_bytes: limits.file_bytes })
    } else if bytes.starts_with(ZIP) {
        xlsx::read(&bytes, limits)
    } else if bytes.starts_with(COMPOUND) {
        let encrypted = memchr::memmem::find(&bytes, ENCRYPTED).is_some();
        Err(if encrypted { Refusal::Encrypted } else { Refusal::OldFormat })
    } else {
        csv::read(&bytes, limits)
    };
    Ok(book.map_or_else(Answer::Refused, Answer::Read))
}
