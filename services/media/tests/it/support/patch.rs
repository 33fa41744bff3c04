//! Changes the boxes of an mp4 as other writers have them (ISO/IEC 14496-12), where ffmpeg would not write it so.
#![allow(clippy::unwrap_used, unreachable_pub, dead_code)] // a part of several test programs, none of which uses all of it
use std::fs;
use std::ops::Range;
use std::path::Path;

/// An mp4 in memory.
pub struct Boxes(Vec<u8>);

impl Boxes {
    pub fn read(path: &Path) -> Self {
        Self(fs::read(path).unwrap())
    }

    pub fn write(&self, path: &Path) {
        fs::write(path, &self.0).unwrap();
    }

    /// Where the box at a path such as `moov/trak#1/tkhd` lies, its header included; `#1` is the second of its kind.
    fn find(&self, path: &str) -> Range<usize> {
        let mut inside = 0..self.0.len();
        let mut found = inside.clone();
        for step in path.split('/') {
            let (kind, place) = step.split_once('#').unwrap_or((step, "0"));
            let all = self.children(inside.clone());
            let mut of_kind = all.into_iter().filter(|one| &self.0[one.start + 4..one.start + 8] == kind.as_bytes());
            found = of_kind.nth(place.parse().unwrap()).unwrap_or_else(|| panic!("no {path}"));
            inside = found.start + 8..found.end;
        }
        found
    }

    fn children(&self, inside: Range<usize>) -> Vec<Range<usize>> {
        let (mut at, mut all) = (inside.start, Vec::new());
        while at + 8 <= inside.end {
            let size = u32::from_be_bytes(self.0[at..at + 4].try_into().unwrap()) as usize;
            assert!(size >= 8, "a box of {size} bytes");
            all.push(at..at + size);
            at += size;
        }
        all
    }

    /// Makes the box unknown to readers.
    pub fn free(&mut self, path: &str) {
        let found = self.find(path);
        self.0[found.start + 4..found.start + 8].copy_from_slice(b"free");
    }

    /// Gives track `track` another codec, for which there is no decoder.
    pub fn recode(&mut self, track: usize, entry: &[u8; 4]) {
        let found = self.find(&format!("moov/trak#{track}/mdia/minf/stbl/stsd"));
        // Header, version and flags, number of entries; then the first entry's size and kind.
        self.0[found.start + 20..found.start + 24].copy_from_slice(entry);
        let record = self.0[found.clone()].windows(4).position(|four| four == b"esds").unwrap();
        self.0[found.start + record..found.start + record + 4].copy_from_slice(b"xxxx");
    }

    /// Enables track `track` (the first flag of `tkhd`), or not.
    pub fn enable(&mut self, track: usize, enabled: bool) {
        let flags = self.find(&format!("moov/trak#{track}/tkhd")).start + 11;
        self.0[flags] = self.0[flags] & !1 | u8::from(enabled);
    }
}
