//! Sample entries: what a track says that its samples are. Read by ourselves, since libav guesses where it does not know.
use std::fs::File;
use std::io;

use super::walk::{Budget, Span, boxes, bytes, whole};

/// One sample entry (ISO/IEC 14496-12, 8.5.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its four-character code.
    pub(crate) code: [u8; 4],
    /// Of PCM, how samples lie (ISO/IEC 23003-5).
    pub(crate) pcm: Option<Pcm>,
    /// The object type in the record of MPEG-4 (ISO/IEC 14496-1, 7.2.6.6): the codec, where the code only says that there is a record.
    pub(crate) object_type: Option<u8>,
    /// Of Dolby Vision, which kind.
    pub(crate) dolby_vision: Option<DolbyVision>,
    /// What it says of colour.
    pub(crate) colour: Option<Tagged>,
    /// Of a protected track, what it was and how it is protected.
    pub(crate) protection: Option<Protection>,
}

/// The box `pcmC` (ISO/IEC 23003-5, 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pcm {
    pub(crate) is_little_endian: bool,
    /// Bits of a sample.
    pub(crate) bits: u8,
    /// Where in the file the sample entry's own field for that is, two bytes, which need not say the same.
    pub(crate) field_at: u64,
    /// Where in the file the type of this box is.
    pub(crate) type_at: u64,
}

/// The box `dvcC`, `dvvC` or `dvwC` (Dolby Vision Streams Within the ISO Base Media File Format, 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DolbyVision {
    pub(crate) profile: u8,
    /// Whether the track has a base layer, rather than only what improves another one.
    pub(crate) has_base_layer: bool,
    /// What the base layer is to a decoder that knows nothing of Dolby Vision: 0 is nothing, 1 HDR10, 2 SDR, 4 HLG, 6 HDR10 of a disc.
    pub(crate) compatibility: u8,
}

/// The box `colr` with numbers (ISO/IEC 14496-12, 12.1.5; QuickTime's `nclc` without the range), by ITU-T H.273.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tagged {
    pub(crate) primaries: u16,
    pub(crate) transfer: u16,
    pub(crate) matrix: u16,
    pub(crate) full_range: bool,
}

/// The box `sinf` (ISO/IEC 14496-12, 8.12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Protection {
    /// The code that the entry would have without protection.
    pub(crate) original: [u8; 4],
    /// Such as `cenc`, `cbcs`; zeros where it is not said.
    pub(crate) scheme: [u8; 4],
}

/// Where the boxes of a sample entry may begin: after the fields of a picture, of sound in ISO files, and of sound in
/// QuickTime's versions 1 and 2.
const FIELDS: [u64; 4] = [78, 28, 44, 64];

impl DolbyVision {
    /// Of the box's content.
    fn of(record: &[u8]) -> Option<Self> {
        // Two bytes of version; then 7 bits of profile, 6 of level, one flag each for metadata, enhancement and base layer.
        let bits = record.get(2..5).map(|_| whole(record, 2, 2))?;
        Some(Self { profile: (bits >> 9) as u8, has_base_layer: bits & 1 != 0, compatibility: record[4] >> 4 })
    }

    /// Whether a decoder that knows nothing of Dolby Vision shows the right colours. The base layers of profiles 4, 7 and 9 are SDR,
    /// HDR10 and SDR by definition, whether an old writer filled in the field or not; that of profile 5 is for no other decoder,
    /// whatever the field says.
    pub(crate) fn is_compatible(self) -> bool {
        self.has_base_layer && self.profile != 5 && (self.compatibility != 0 || matches!(self.profile, 4 | 7 | 9))
    }
}

/// Reads the sample entry in `span`.
pub(super) fn read(file: &mut File, span: Span, budget: &mut Budget) -> io::Result<Entry> {
    let mut entry = Entry { code: span.kind, ..Entry::default() };
    for part in parts(file, span, budget)? {
        take(file, &mut entry, part, span)?;
        match &part.kind {
            b"sinf" => entry.protection = Some(protection(file, part, budget)?),
            // QuickTime keeps what belongs to the decoder of sound in a box of its own.
            b"wave" => {
                for part in boxes(file, part.start, part.end, &mut budget.boxes)? {
                    take(file, &mut entry, part, span)?;
                }
            }
            _ => {}
        }
    }
    Ok(entry)
}

/// The boxes of an entry. How many bytes of fields come before them depends on what it is, on its version, and on who wrote it: the
/// right number is the one from which on there are boxes to the end.
fn parts(file: &mut File, span: Span, budget: &mut Budget) -> io::Result<Vec<Span>> {
    for fields in FIELDS {
        let found = boxes(file, span.start.saturating_add(fields), span.end, &mut budget.boxes)?;
        let printable = |kind: &[u8; 4]| kind.iter().all(|byte| (0x20..0x7f).contains(byte) || *byte == 0xa9);
        let sound = found.iter().all(|part| !part.cut && printable(&part.kind));
        // QuickTime ends with four zeros; some writers pad.
        let ends = found.last().is_some_and(|last| span.end - last.end < 8);
        if sound && ends {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Takes what a box says that stands alone. The first of a kind counts.
fn take(file: &mut File, entry: &mut Entry, part: Span, whole_entry: Span) -> io::Result<()> {
    match &part.kind {
        b"pcmC" if entry.pcm.is_none() => {
            let pcm = bytes(file, part, 6)?;
            // After 16 bytes that any sample entry of sound begins with, and the number of channels.
            let field_at = whole_entry.start.saturating_add(18);
            let type_at = part.start.saturating_sub(4);
            let record = || Pcm { is_little_endian: pcm[4] & 1 != 0, bits: pcm[5], field_at, type_at };
            entry.pcm = (pcm.len() == 6).then(record);
        }
        b"esds" if entry.object_type.is_none() => entry.object_type = object_type(&bytes(file, part, 64)?),
        b"dvcC" | b"dvvC" | b"dvwC" if entry.dolby_vision.is_none() => {
            entry.dolby_vision = DolbyVision::of(&bytes(file, part, 24)?);
        }
        // A profile (`prof`, `rICC`) says the same in a way that no video decoder reads.
        b"colr" if entry.colour.is_none() => {
            let colr = bytes(file, part, 11)?;
            let full_range = colr.starts_with(b"nclx") && colr.get(10).is_some_and(|flags| flags & 0x80 != 0);
            let [primaries, transfer, matrix] = [4, 6, 8].map(|at| whole(&colr, at, 2) as u16);
            let is_numbers = colr.len() >= 10 && (colr.starts_with(b"nclx") || colr.starts_with(b"nclc"));
            entry.colour = is_numbers.then_some(Tagged { primaries, transfer, matrix, full_range });
        }
        _ => {}
    }
    Ok(())
}

fn protection(file: &mut File, sinf: Span, budget: &mut Budget) -> io::Result<Protection> {
    let mut protection = Protection::default();
    for part in boxes(file, sinf.start, sinf.end, &mut budget.boxes)? {
        let content = bytes(file, part, 8)?;
        let four = |at: usize| content.get(at..at + 4).and_then(|code| code.try_into().ok()).unwrap_or_default();
        match &part.kind {
            b"frma" => protection.original = four(0),
            b"schm" => protection.scheme = four(4),
            _ => {}
        }
    }
    Ok(protection)
}

/// The object type in a box `esds`: version and flags, then a descriptor of the stream with one of the decoder in it (ISO/IEC 14496-1,
/// 7.2.6.5 and 7.2.6.6).
fn object_type(esds: &[u8]) -> Option<u8> {
    const STREAM: u8 = 3;
    const DECODER: u8 = 4;
    let (tag, content) = descriptor(esds.get(4..)?)?;
    if tag == DECODER {
        return content.first().copied();
    }
    // A number and flags, of which three say that there is more before the next descriptor.
    let flags = *content.get(2).filter(|_| tag == STREAM)?;
    let address =
        if flags & 0x40 != 0 { 1 + usize::from(*content.get(if flags & 0x80 != 0 { 5 } else { 3 })?) } else { 0 };
    let more = 2 * usize::from(flags >> 7) + address + 2 * usize::from(flags >> 5 & 1);
    let (tag, content) = descriptor(content.get(3 + more..)?)?;
    content.first().copied().filter(|_| tag == DECODER)
}

/// The tag of the descriptor that `bytes` begin with, and what follows its size, which has up to four bytes of 7 bits.
fn descriptor(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let size = rest.iter().take(4).position(|byte| byte & 0x80 == 0)? + 1;
    Some((*tag, &rest[size..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_type_is_found_behind_whatever_a_stream_says_of_itself() {
        let decoder = [4, 0x80, 0x80, 0x80, 2, 0x40, 0x15];
        let esds = |head: &[u8]| object_type(&[&[0, 0, 0, 0, 3, 20][..], head, &decoder].concat());
        assert_eq!(esds(&[0, 1, 0]), Some(0x40));
        // It depends on another stream, lies at an address, has another's clock.
        assert_eq!(esds(&[0, 1, 0x80, 0, 2]), Some(0x40));
        assert_eq!(esds(&[0, 1, 0x40, 2, b'a', b'b']), Some(0x40));
        assert_eq!(esds(&[0, 1, 0xe0, 0, 2, 2, b'a', b'b', 0, 3]), Some(0x40));
        // QuickTime's, without the descriptor of the stream.
        assert_eq!(object_type(&[&[0; 4][..], &decoder].concat()), Some(0x40));
        assert_eq!(esds(&[0, 1]), None);
        for length in 0..10 {
            assert_eq!(object_type(&[0, 0, 0, 0, 3, 20, 0, 1, 0, 4][..length]), None, "{length}");
        }
    }
}
