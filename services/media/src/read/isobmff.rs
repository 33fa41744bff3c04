//! Reads the box structure of ISO files ourselves: order of the top level, references to other files, and what each track says of
//! itself. Headers and small boxes are read, at most [`MAX_ENTRIES`] rows of tables, and a claimed size is never allocated.
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

#[cfg(test)]
pub(crate) use entry::Protection;
pub(crate) use entry::{DolbyVision, Entry, Pcm, Tagged};
pub(crate) use track::{Length, Track};
use walk::{Budget, bytes, duration, whole};
pub(crate) use walk::{Span, boxes};

mod entry;
mod fragment;
mod track;
mod walk;

/// Most boxes that are read; intact files have far fewer.
const MAX_BOXES: usize = 100_000;
/// Rows of all tables together: ten hours at 120 pictures a second, each of another length.
const MAX_ENTRIES: u64 = 4_320_000;
/// Most tracks that are read; more than any file that is opened may have (`Limits::max_streams`).
const MAX_TRACKS: usize = 256;

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
    // Some writers leave bytes after the last box that are no box, so only these kinds count. A missing index would have come last.
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

#[cfg(test)]
mod tests;
