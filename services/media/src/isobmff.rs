//! Reads the box structure of ISO files ourselves: order of the top level, and references to other files.
//! Only headers are read; a claimed size is never allocated.
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// More boxes than any honest file has where we look.
const MAX_BOXES: usize = 100_000;

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
}

impl Structure {
    /// Whether players can begin before the whole file has arrived.
    pub(crate) fn is_faststart(&self) -> bool {
        let place = |kind: &[u8; 4]| self.top.iter().position(|top| top == kind);
        matches!((place(b"moov"), place(b"mdat")), (Some(moov), Some(mdat)) if moov < mdat)
    }
}

/// Reads the structure of the file at `path`.
pub(crate) fn read(path: &Path) -> io::Result<Structure> {
    let mut file = File::open(path)?;
    let end = file.metadata()?.len();
    let mut budget = MAX_BOXES;
    let top = boxes(&mut file, 0, end, &mut budget)?;
    let mut external = false;
    for movie in top.iter().filter(|span| &span.kind == b"moov") {
        for track in boxes(&mut file, movie.start, movie.end, &mut budget)? {
            if &track.kind == b"trak" {
                external |= refers_elsewhere(&mut file, track, &mut budget)?;
            }
        }
    }
    // Only these: behind the last box some writers leave bytes that are no box.
    let truncated = top.iter().any(|span| span.cut && matches!(&span.kind, b"moov" | b"mdat" | b"moof"));
    Ok(Structure { top: top.iter().map(|span| span.kind).collect(), external, truncated })
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
mod tests {
    use std::io::Write;

    use super::*;

    fn boxed(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
        let mut bytes = ((payload.len() + 8) as u32).to_be_bytes().to_vec();
        bytes.extend(kind);
        bytes.extend(payload);
        bytes
    }

    fn movie(flags: u8) -> Vec<u8> {
        let url = boxed(b"url ", &[&[0, 0, 0, flags][..], b"http://127.0.0.1/x\0"].concat());
        let dref = boxed(b"dref", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &url].concat());
        let nested = [*b"dinf", *b"minf", *b"mdia", *b"trak", *b"moov"];
        nested.iter().fold(dref, |inner, kind| boxed(kind, &inner))
    }

    fn read_bytes(bytes: &[u8]) -> Structure {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        read(file.path()).unwrap()
    }

    #[test]
    fn a_reference_to_another_file_is_seen() {
        assert!(read_bytes(&movie(0)).external);
        assert!(!read_bytes(&movie(1)).external);
    }

    #[test]
    fn the_order_of_the_top_level_is_faststart_or_not() {
        let first = [movie(1), boxed(b"mdat", b"x")].concat();
        let last = [boxed(b"mdat", b"x"), movie(1)].concat();
        assert!(read_bytes(&first).is_faststart());
        assert!(!read_bytes(&last).is_faststart());
    }

    #[test]
    fn a_file_whose_end_is_missing_says_so_itself() {
        let whole = [movie(1), boxed(b"mdat", &[7; 100])].concat();
        assert!(!read_bytes(&whole).truncated);
        assert!(read_bytes(&whole[..whole.len() - 1]).truncated);
        assert!(!read_bytes(&[whole, b"\xff\xff\xff\xffjunk".to_vec()].concat()).truncated);
    }

    #[test]
    fn claimed_sizes_end_with_the_file() {
        assert_eq!(read_bytes(b"\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xffxx").top, vec![*b"mdat"]);
        assert_eq!(read_bytes(b"\0\0\0\x03moov").top, Vec::<[u8; 4]>::new());
    }
}
