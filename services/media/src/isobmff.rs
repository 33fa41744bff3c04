//! Reads the box structure of ISO files ourselves: order of the top level, references to other files, and what each track says of
//! itself. Headers and small boxes are read, at most [`MAX_ENTRIES`] rows of tables, and a claimed size is never allocated.
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

#[cfg(test)]
pub(crate) use entry::Protection;
pub(crate) use entry::{DolbyVision, Entry, Pcm, Tagged};
pub(crate) use track::{Length, Track};

mod entry;
mod fragment;
mod track;

/// More boxes than any honest file has where we look.
const MAX_BOXES: usize = 100_000;
/// Rows of all tables together: ten hours at 120 pictures a second, each of another length.
const MAX_ENTRIES: u64 = 4_320_000;
/// More tracks than any file that is opened (`Limits::max_streams`); what follows is not read.
const MAX_TRACKS: usize = 256;

/// What reading the structure of one file may still cost.
struct Budget {
    boxes: usize,
    entries: u64,
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

/// What the structure says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Structure {
    /// The types of the top level, in order.
    pub(crate) top: Vec<[u8; 4]>,
    /// Whether a track's data lies in another file or at an address.
    pub(crate) external: bool,
    /// Whether the index or the media says that it reaches beyond the end of the file, of which then a part is missing.
    pub(crate) truncated: bool,
    /// Whether the movie goes on in fragments, so that the tables of its tracks do not say all.
    pub(crate) fragmented: bool,
    /// How long the movie header says that the longest track is, ms; 0 if it does not say it.
    pub(crate) movie_ms: u64,
    /// The tracks, in order.
    pub(crate) tracks: Vec<Track>,
}

impl Structure {
    /// Whether players can begin before the whole file has arrived.
    pub(crate) fn is_faststart(&self) -> bool {
        let place = |kind: &[u8; 4]| self.top.iter().position(|top| top == kind);
        matches!((place(b"moov"), place(b"mdat")), (Some(moov), Some(mdat)) if moov < mdat)
    }

    /// Whether a track has an edit of no length. In fragments that reaches to the end (8.6.6.1). Writers that turn fragments into a plain
    /// file leave it behind.
    pub(crate) fn has_open_edit(&self) -> bool {
        !self.fragmented && self.tracks.iter().any(|track| track.length.has_open_edit)
    }
}

/// Reads the structure of the file at `path`.
pub(crate) fn read(path: &Path) -> io::Result<Structure> {
    let mut file = File::open(path)?;
    let end = file.metadata()?.len();
    let mut budget = Budget { boxes: MAX_BOXES, entries: MAX_ENTRIES };
    let top = boxes(&mut file, 0, end, &mut budget.boxes)?;
    // Behind the last box some writers leave bytes that are no box: only these matter. An index that is not there was to come last.
    let cut = top.iter().any(|span| span.cut && matches!(&span.kind, b"moov" | b"mdat" | b"moof"));
    let without_index = top.iter().any(|span| &span.kind == b"mdat") && top.iter().all(|span| &span.kind != b"moov");
    let mut structure = Structure {
        top: top.iter().map(|span| span.kind).collect(),
        truncated: cut || without_index,
        ..Structure::default()
    };
    for span in top.iter().filter(|span| &span.kind == b"moov") {
        movie(&mut file, *span, &mut structure, &mut budget)?;
    }
    if structure.fragmented {
        fragment::read(&mut file, &top, &mut structure.tracks, &mut budget)?;
    }
    Ok(structure)
}

/// Reads what one box `moov` holds.
fn movie(file: &mut File, moov: Span, structure: &mut Structure, budget: &mut Budget) -> io::Result<()> {
    let parts = boxes(file, moov.start, moov.end, &mut budget.boxes)?;
    let mut timescale = 0;
    if let Some(mvhd) = parts.iter().find(|part| &part.kind == b"mvhd") {
        let mvhd = bytes(file, *mvhd, 32)?;
        let wide = mvhd.first() == Some(&1);
        timescale = whole(&mvhd, if wide { 20 } else { 12 }, 4) as u32;
        let ticks = duration(&mvhd, if wide { 24 } else { 16 }, wide);
        let ms = u128::from(ticks) * 1000 / u128::from(timescale.max(1));
        structure.movie_ms = u64::try_from(ms).unwrap_or(u64::MAX);
    }
    for part in parts {
        match &part.kind {
            b"mvex" => structure.fragmented = true,
            b"trak" => {
                structure.external |= refers_elsewhere(file, part, &mut budget.boxes)?;
                if structure.tracks.len() < MAX_TRACKS {
                    structure.tracks.push(track::read(file, part, timescale, budget)?);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

impl Budget {
    /// Shows each of `count` rows of `size` bytes that follow the first `skip` bytes of the table in `span` to `see`; fewer where
    /// the table, the file or the budget ends.
    fn entries(
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
fn bytes(file: &mut File, span: Span, most: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(span.start))?;
    let mut found = Vec::new();
    file.take(most.min(span.end.saturating_sub(span.start))).read_to_end(&mut found)?;
    Ok(found)
}

/// The whole number in `size` (1 to 8) bytes from `at` on; 0 where they are not there.
fn whole(bytes: &[u8], at: usize, size: usize) -> u64 {
    let found = at.checked_add(size).and_then(|end| bytes.get(at..end)).unwrap_or_default();
    found.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The duration in a header of version 1 (`wide`) or 0, in ticks; 0 where all its bits are set, by which a writer says that it does not
/// know it (8.2.2.3, 8.3.2.3).
fn duration(header: &[u8], at: usize, wide: bool) -> u64 {
    let size = if wide { 8 } else { 4 };
    let ticks = whole(header, at, size);
    if ticks == u64::MAX >> (64 - 8 * size) { 0 } else { ticks }
}

/// The first box of a kind within another.
fn child(file: &mut File, span: Span, kind: &[u8; 4], budget: &mut usize) -> io::Result<Option<Span>> {
    Ok(boxes(file, span.start, span.end, budget)?.into_iter().find(|part| &part.kind == kind))
}

/// Walks trak → mdia → minf → dinf → dref; an entry without the "self-contained" flag names something else.
fn refers_elsewhere(file: &mut File, track: Span, budget: &mut usize) -> io::Result<bool> {
    let mut level = vec![track];
    for wanted in [b"mdia", b"minf", b"dinf", b"dref"] {
        let mut next = Vec::new();
        for parent in &level {
            next.extend(boxes(file, parent.start, parent.end, budget)?.into_iter().filter(|span| &span.kind == wanted));
        }
        level = next;
    }
    for dref in level {
        // A full box: version and flags, then the count of entries, which are boxes again.
        for entry in boxes(file, dref.start.saturating_add(8), dref.end, budget)? {
            let mut flags = [0; 4];
            if entry.end - entry.start >= 4 {
                file.seek(SeekFrom::Start(entry.start))?;
                file.read_exact(&mut flags)?;
                // QuickTime writes an empty "alis" of a file that refers to itself with flag 1 as well.
                if flags[3] & 1 == 0 {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
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

#[cfg(test)]
mod tests;
