//! Walks over boxes and tables, within a budget, and reads whole numbers out of them.
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// How many boxes and rows may still be read of one file.
pub(super) struct Budget {
    pub(super) boxes: usize,
    pub(super) entries: u64,
}

/// One box: its type, and where its payload lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Four-character type.
    pub(crate) kind: [u8; 4],
    /// First byte of the payload.
    pub(crate) start: u64,
    /// First byte after the box.
    pub(crate) end: u64,
    /// Whether it says that it reaches beyond what it lies in.
    pub(crate) cut: bool,
}

impl Budget {
    /// Shows each of `count` rows of `size` bytes that follow the first `skip` bytes of the table in `span` to `see`; fewer where
    /// the table, the file or the budget ends.
    pub(super) fn entries(
        &mut self,
        file: &mut File,
        span: Span,
        skip: u64,
        count: u64,
        size: u64,
        mut see: impl FnMut(&[u8]),
    ) -> io::Result<()> {
        let start = span.start.saturating_add(skip);
        let count = count.min(span.end.saturating_sub(start) / size).min(self.entries);
        self.entries -= count;
        file.seek(SeekFrom::Start(start))?;
        let mut rows = io::BufReader::with_capacity(1 << 16, file.take(count * size));
        // A row has at most 20 bytes.
        let mut row = [0; 32];
        let row = &mut row[..size as usize];
        for _ in 0..count {
            rows.read_exact(row)?;
            see(row);
        }
        Ok(())
    }
}

/// The first `most` bytes of a box's payload; fewer where it is shorter.
pub(super) fn bytes(file: &mut File, span: Span, most: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(span.start))?;
    let mut found = Vec::new();
    file.take(most.min(span.end.saturating_sub(span.start))).read_to_end(&mut found)?;
    Ok(found)
}

/// The whole number in `size` (1 to 8) bytes from `at` on; 0 where they are not there.
pub(super) fn whole(bytes: &[u8], at: usize, size: usize) -> u64 {
    let found = at.checked_add(size).and_then(|end| bytes.get(at..end)).unwrap_or_default();
    found.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The duration in a header of version 1 (`wide`) or 0, in ticks; 0 where all its bits are set, by which a writer says that it does not
/// know it (8.2.2.3, 8.3.2.3).
pub(super) fn duration(header: &[u8], at: usize, wide: bool) -> u64 {
    let size = if wide { 8 } else { 4 };
    let ticks = whole(header, at, size);
    if ticks == u64::MAX >> (64 - 8 * size) { 0 } else { ticks }
}

/// The first box of a kind within another.
pub(super) fn child(file: &mut File, span: Span, kind: &[u8; 4], budget: &mut usize) -> io::Result<Option<Span>> {
    Ok(boxes(file, span.start, span.end, budget)?.into_iter().find(|part| &part.kind == kind))
}

/// The boxes between `start` and `end`; a box that claims to reach further is cut there.
pub(crate) fn boxes(file: &mut File, start: u64, end: u64, budget: &mut usize) -> io::Result<Vec<Span>> {
    let mut found = Vec::new();
    let mut at = start;
    while at.saturating_add(8) <= end && *budget > 0 {
        *budget -= 1;
        file.seek(SeekFrom::Start(at))?;
        let mut header = [0; 16];
        file.read_exact(&mut header[..8])?;
        let mut size = u64::from(u32::from_be_bytes([header[0], header[1], header[2], header[3]]));
        let kind = [header[4], header[5], header[6], header[7]];
        let mut payload = at + 8;
        if size == 1 && at + 16 <= end {
            file.read_exact(&mut header[8..])?;
            size = u64::from_be_bytes([
                header[8], header[9], header[10], header[11], header[12], header[13], header[14], header[15],
            ]);
            payload = at + 16;
        }
        let claimed = if size == 0 { end } else { at.saturating_add(size) };
        let next = claimed.min(end);
        if next < payload {
            break;
        }
        found.push(Span { kind, start: payload, end: next, cut: claimed > end });
        at = next;
    }
    Ok(found)
}
