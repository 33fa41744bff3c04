//! What the boxes of one track say of it (ISO/IEC 14496-12, 8.3 to 8.6): who it is, how long it is, how its samples are coded.
use std::fs::File;
use std::io;

use super::entry::{self, Entry};
use super::walk::{Budget, Span, boxes, bytes, child, duration, whole};

/// More sample entries than any track needs; what follows is not read.
const MAX_ENTRIES: usize = 64;

/// One track. What a box does not say, or says beyond its own end, is 0, empty or `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(dead_code, reason = "the facts by which players choose a track are read here and used where it is chosen")]
pub(crate) struct Track {
    /// Its number, unique in an honest file.
    pub(crate) id: u32,
    /// Whether players take it into account.
    pub(crate) is_enabled: bool,
    /// Tracks with the same number other than 0 are alternatives to each other.
    pub(crate) alternate_group: u16,
    /// `vide`, `soun`, `meta`, …
    pub(crate) handler: [u8; 4],
    /// All sample entries, in order.
    pub(crate) entries: Vec<Entry>,
    /// Which of them samples refer to, by position. Empty where no table says it, as in fragmented files: then all may be used.
    pub(crate) used_entries: Vec<usize>,
    /// Whether there is a table of sync samples. Without one each sample is a sync sample (8.6.2.1), in a file without fragments.
    pub(crate) has_sync_table: bool,
    /// By how much samples are shown later than they are decoded.
    pub(crate) offsets: Offsets,
    /// Samples without a byte, by the table of sizes.
    pub(crate) empty_samples: u64,
    /// Its length in tables and headers.
    pub(crate) length: Length,
}

/// By how much samples are shown later than they are decoded (8.6.1.3), as far as it matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offsets {
    first: Option<u32>,
    /// Whether not all are the same. Without that, samples are shown in the order in which they are decoded, or the file does not say
    /// when they are shown.
    pub(crate) differ: bool,
}

impl Offsets {
    /// One more sample, or several, with this offset.
    pub(super) fn see(&mut self, offset: u32) {
        self.differ |= *self.first.get_or_insert(offset) != offset;
    }
}

/// How long a track is, by each of the places that say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Length {
    /// Ticks a second of its samples; 0 if unknown.
    pub(crate) timescale: u32,
    /// Samples in the table of times; none in a fragmented file.
    pub(crate) samples: u64,
    /// How long all of them last together, ticks.
    pub(crate) ticks: u64,
    /// How long the last of them lasts, ticks.
    pub(crate) last_ticks: u32,
    /// How much of it the edit list shows, ms; `None` without one, or where it says "to the end".
    pub(crate) edited_ms: Option<u64>,
    /// Whether an edit has no length.
    pub(crate) has_open_edit: bool,
    /// How long the track header says that it is shown, ms; 0 if it does not say it.
    pub(crate) header_ms: u64,
}

impl Length {
    /// How long it is shown by its table of times and its edit list, ms; `None` where there is no table.
    pub(crate) fn shown_ms(&self) -> Option<u64> {
        let table_ms = milliseconds(self.ticks, self.timescale).filter(|_| self.samples > 0)?;
        // An edit list may show a part, or a part again; it cannot show what there is not.
        Some(self.edited_ms.map_or(table_ms, |edited_ms| edited_ms.min(table_ms)))
    }

    /// How long its last sample lasts, ms.
    pub(crate) fn last_ms(&self) -> u64 {
        milliseconds(self.last_ticks.into(), self.timescale).unwrap_or(0)
    }

    /// The most that it claims to be shown, ms: by its own header, and by its table where no edit list cuts it.
    pub(crate) fn claimed_ms(&self) -> u64 {
        self.shown_ms().unwrap_or(0).max(self.header_ms)
    }
}

fn milliseconds(ticks: u64, timescale: u32) -> Option<u64> {
    (timescale > 0).then(|| u64::try_from(u128::from(ticks) * 1000 / u128::from(timescale)).unwrap_or(u64::MAX))
}

impl Track {
    /// The sample entries that count: those which samples refer to.
    pub(crate) fn used(&self) -> impl Iterator<Item = &Entry> {
        let all = self.used_entries.is_empty();
        self.entries.iter().enumerate().filter(move |(at, _)| all || self.used_entries.contains(at)).map(|(_, it)| it)
    }
}

/// Reads the track in `span`, a box `trak`, of a movie whose header counts `movie_timescale` ticks a second.
pub(super) fn read(file: &mut File, span: Span, movie_timescale: u32, budget: &mut Budget) -> io::Result<Track> {
    let mut track = Track::default();
    for part in boxes(file, span.start, span.end, &mut budget.boxes)? {
        match &part.kind {
            b"tkhd" => header(&mut track, &bytes(file, part, 96)?, movie_timescale),
            b"edts" => edits(file, &mut track.length, part, movie_timescale, budget)?,
            b"mdia" => media(file, &mut track, part, budget)?,
            _ => {}
        }
    }
    Ok(track)
}

/// A track header (8.3.2), of version 0 or 1.
fn header(track: &mut Track, tkhd: &[u8], movie_timescale: u32) {
    let wide = tkhd.first() == Some(&1);
    track.is_enabled = tkhd.get(3).is_some_and(|flags| flags & 1 != 0);
    let at = if wide { 20 } else { 12 };
    track.id = whole(tkhd, at, 4) as u32;
    let duration = duration(tkhd, if wide { 28 } else { 20 }, wide);
    track.length.header_ms = milliseconds(duration, movie_timescale).unwrap_or(0);
    // After the duration: two reserved words, then layer and group.
    let layer = if wide { 44 } else { 32 };
    track.alternate_group = whole(tkhd, layer + 2, 2) as u16;
}

/// How much of the track its edit list (8.6.6) shows; not known where an edit reaches to the end, as in fragmented files.
fn edits(
    file: &mut File,
    length: &mut Length,
    edts: Span,
    movie_timescale: u32,
    budget: &mut Budget,
) -> io::Result<()> {
    let Some(elst) = child(file, edts, b"elst", &mut budget.boxes)? else { return Ok(()) };
    let head = bytes(file, elst, 8)?;
    let (word, entry) = if head.first() == Some(&1) { (8, 20) } else { (4, 12) };
    let (mut shown, mut ended) = (0u64, false);
    budget.entries(file, elst, 8, whole(&head, 4, 4), entry, |edit| {
        let (duration, begin) = (whole(edit, 0, word), whole(edit, word, word));
        // All ones: nothing is shown for so long.
        if begin != u64::MAX >> (64 - 8 * word) {
            ended |= duration == 0;
            shown = shown.saturating_add(duration);
        }
    })?;
    length.edited_ms = milliseconds(shown, movie_timescale).filter(|shown_ms| !ended && *shown_ms > 0);
    length.has_open_edit = ended;
    Ok(())
}

fn media(file: &mut File, track: &mut Track, mdia: Span, budget: &mut Budget) -> io::Result<()> {
    for part in boxes(file, mdia.start, mdia.end, &mut budget.boxes)? {
        match &part.kind {
            b"hdlr" => {
                let hdlr = bytes(file, part, 12)?;
                if let Some(Ok(handler)) = hdlr.get(8..12).map(TryInto::try_into) {
                    track.handler = handler;
                }
            }
            b"mdhd" => {
                let mdhd = bytes(file, part, 24)?;
                track.length.timescale = whole(&mdhd, if mdhd.first() == Some(&1) { 20 } else { 12 }, 4) as u32;
            }
            b"minf" => {
                if let Some(stbl) = child(file, part, b"stbl", &mut budget.boxes)? {
                    tables(file, track, stbl, budget)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn tables(file: &mut File, track: &mut Track, stbl: Span, budget: &mut Budget) -> io::Result<()> {
    for part in boxes(file, stbl.start, stbl.end, &mut budget.boxes)? {
        match &part.kind {
            b"stsd" => {
                for entry in boxes(file, part.start.saturating_add(8), part.end, &mut budget.boxes)? {
                    if track.entries.len() < MAX_ENTRIES {
                        track.entries.push(entry::read(file, entry, budget)?);
                    }
                }
            }
            b"stts" => {
                let count = whole(&bytes(file, part, 8)?, 4, 4);
                let length = &mut track.length;
                budget.entries(file, part, 8, count, 8, |run| {
                    let (samples, ticks) = (whole(run, 0, 4), whole(run, 4, 4));
                    length.samples = length.samples.saturating_add(samples);
                    length.ticks = length.ticks.saturating_add(samples.saturating_mul(ticks));
                    if samples > 0 {
                        length.last_ticks = ticks as u32;
                    }
                })?;
            }
            b"stsc" => {
                let count = whole(&bytes(file, part, 8)?, 4, 4);
                let used = &mut track.used_entries;
                budget.entries(file, part, 8, count, 12, |run| {
                    let entry = (whole(run, 8, 4) as usize).wrapping_sub(1);
                    if entry < MAX_ENTRIES && !used.contains(&entry) {
                        used.push(entry);
                    }
                })?;
            }
            b"stss" => track.has_sync_table = true,
            b"ctts" => {
                let count = whole(&bytes(file, part, 8)?, 4, 4);
                let offsets = &mut track.offsets;
                budget.entries(file, part, 8, count, 8, |run| {
                    if whole(run, 0, 4) > 0 {
                        offsets.see(whole(run, 4, 4) as u32);
                    }
                })?;
            }
            b"stsz" => {
                let head = bytes(file, part, 12)?;
                // A size for all of them stands before their count.
                if whole(&head, 4, 4) == 0 {
                    let empty = &mut track.empty_samples;
                    let count = whole(&head, 8, 4);
                    budget.entries(file, part, 12, count, 4, |size| *empty += u64::from(whole(size, 0, 4) == 0))?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}
