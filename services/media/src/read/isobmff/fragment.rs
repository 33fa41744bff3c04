//! What fragments (ISO/IEC 14496-12, 8.8) say of their samples that the tables of tracks do not.
use std::fs::File;
use std::io;

use super::track::Track;
use super::walk::{Budget, Span, boxes, bytes, whole};

/// Fragments that are looked at. Films whose pictures are shown in another order than they are stored in show it within the first second.
const MOST: usize = 64;

/// Reads how much later samples are shown than decoded, from the first fragments among `top`, the boxes of the top level.
pub(super) fn read(file: &mut File, top: &[Span], tracks: &mut [Track], budget: &mut Budget) -> io::Result<()> {
    for moof in top.iter().filter(|span| &span.kind == b"moof").take(MOST) {
        for traf in boxes(file, moof.start, moof.end, &mut budget.boxes)? {
            if &traf.kind != b"traf" {
                continue;
            }
            let parts = boxes(file, traf.start, traf.end, &mut budget.boxes)?;
            let Some(tfhd) = parts.iter().find(|part| &part.kind == b"tfhd") else { continue };
            let id = whole(&bytes(file, *tfhd, 8)?, 4, 4) as u32;
            let Some(track) = tracks.iter_mut().find(|track| track.id == id) else { continue };
            for trun in parts.iter().filter(|part| &part.kind == b"trun") {
                run(file, *trun, track, budget)?;
            }
        }
    }
    Ok(())
}

/// A run of samples (8.8.8): flags say which numbers each of them has; the offset is the last.
fn run(file: &mut File, trun: Span, track: &mut Track, budget: &mut Budget) -> io::Result<()> {
    let head = bytes(file, trun, 8)?;
    let (flags, count) = (whole(&head, 1, 3), whole(&head, 4, 4));
    let before = 8 + 4 * (flags & 1) + (flags & 4);
    let size = 4 * u64::from((flags & 0xf00).count_ones());
    if flags & 0x800 == 0 {
        if count > 0 {
            track.offsets.see(0);
        }
        return Ok(());
    }
    let offsets = &mut track.offsets;
    budget.entries(file, trun, before, count, size, |row| offsets.see(whole(row, row.len() - 4, 4) as u32))
}
