//! Whether the end of a file is missing, judged by its own structure. Otherwise the rest would decode and pass for a shorter
//! work. A transport stream says nothing of its length, and so may be cut anywhere.
use std::path::Path;

use crate::av;
use crate::read::isobmff::Structure;
use crate::read::matroska::{self, Element};
use crate::read::sniff::Format;

/// Where the segment of a Matroska file ends by its own size. Live recordings have none.
fn matroska_end(head: &[u8]) -> Option<u64> {
    let first = Element::of(head)?;
    let at = first.head.checked_add(usize::try_from(first.size?).ok()?)?;
    let segment = Element::of(head.get(at..)?).filter(|element| element.id == matroska::SEGMENT)?;
    ((at + segment.head) as u64).checked_add(segment.size?)
}

/// Where the first list of an AVI file says that it ends.
fn avi_end(head: &[u8]) -> Option<u64> {
    let size = head.get(4..8)?;
    Some(u64::from(u32::from_le_bytes([size[0], size[1], size[2], size[3]])) + 8)
}

/// Whether a file that begins with `head` says that it is longer than its `size` bytes.
pub(crate) fn by_structure(format: Format, head: &[u8], iso: &Structure, size: u64) -> bool {
    match format {
        Format::Mp4 | Format::Mov | Format::ThreeGp => iso.truncated,
        Format::Matroska => matroska_end(head).is_some_and(|end| end > size),
        // Some writers count a padding byte that they do not write.
        Format::Avi => avi_end(head).is_some_and(|end| end > size + 1),
        Format::MpegTs => false,
    }
}

/// Whether the index of an ISO file places samples after its end, as where the box of the media says "until the end".
pub(crate) fn by_index(path: &Path, input: &ffmpeg_next::format::context::Input, format: Format) -> bool {
    let size = path.metadata().map_or(u64::MAX, |metadata| metadata.len());
    let streams = 0..input.nb_streams() as usize;
    format.is_iso() && streams.into_iter().any(|index| av::index_end(input, index) > size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matroska_file_says_where_it_ends_unless_it_was_live() {
        let head = |size: [u8; 8]| [&[0x1a, 0x45, 0xdf, 0xa3, 0x82, 1, 2, 0x18, 0x53, 0x80, 0x67][..], &size].concat();
        let known = head([1, 0, 0, 0, 0, 0, 1, 0]);
        let cut = |head: &[u8], size| by_structure(Format::Matroska, head, &Structure::default(), size);
        assert!(!cut(&known, 19 + 256) && cut(&known, 18 + 256));
        assert!(!cut(&head([1, 255, 255, 255, 255, 255, 255, 255]), 100));
        // Garbage has no claims, and nothing beyond the head is read.
        for length in 0..known.len() {
            assert!(!cut(&known[..length], 0), "{length}");
        }
        assert!(!cut(&[0x1a, 0x45, 0xdf, 0xa3, 0x01, 255, 255, 255, 255, 255, 255, 254], 0));
    }

    #[test]
    fn an_avi_file_says_where_its_first_list_ends() {
        let cut = |size| by_structure(Format::Avi, b"RIFF\x64\0\0\0AVI ", &Structure::default(), size);
        assert!(!cut(108) && !cut(107) && cut(106));
    }
}
