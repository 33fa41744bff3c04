//! The archive of an .xlsx, checked before anything in it is parsed: every part is decompressed once, without keeping
//! the output, and counted. The sizes that the archive states are not trusted.
use std::io::{Cursor, Read};

use memchr::memmem::Finder;
use zip::ZipArchive;

use crate::limits::Limits;
use crate::refusal::Refusal;

/// Bytes that are decompressed at a time.
const CHUNK: usize = 64 << 10;
/// Up to this size a part may have any ratio: a short text of blanks compresses a thousandfold and does no harm.
const SMALL: u64 = 1 << 20;
/// The start of a document type declaration, the only place where XML can declare entities. ECMA-376 (part 2, 8.1.4)
/// forbids it.
const DOCTYPE: &[u8] = b"<!DOCTYPE";

/// Checks number, size and ratio of all parts, and that their XML declares no entities.
pub(crate) fn check(bytes: &[u8], limits: &Limits) -> Result<(), Refusal> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Refusal::Damaged)?;
    if archive.len() > limits.parts as usize {
        return Err(Refusal::TooManyParts { most: limits.parts });
    }
    let doctype = Finder::new(DOCTYPE);
    let (mut total, mut buffer) = (0, vec![0; DOCTYPE.len() + CHUNK]);
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|_| Refusal::Damaged)?;
        let packed = part.compressed_size();
        let mut size = 0;
        // The end of the last chunk is put before the next one, so that a match across the border is found.
        let mut kept = 0;
        loop {
            let count = part.read(&mut buffer[kept..]).map_err(|_| Refusal::Damaged)?;
            if count == 0 {
                break;
            }
            (size, total) = (size + count as u64, total + count as u64);
            if total > limits.unpacked_bytes || size > SMALL.max(packed.saturating_mul(limits.ratio)) {
                return Err(Refusal::UnpacksTooLarge);
            }
            let end = kept + count;
            if doctype.find(&buffer[..end]).is_some() {
                return Err(Refusal::Entities);
            }
            let from = end.saturating_sub(DOCTYPE.len() - 1);
            buffer.copy_within(from..end, 0);
            kept = end - from;
        }
    }
    Ok(())
}
