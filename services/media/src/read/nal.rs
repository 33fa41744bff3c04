//! Units of H.264 and HEVC (ITU-T H.264, 7.3.1; H.265, 7.3.1) in a packet, whichever way the container marks them off.

/// The kind of unit that is a slice of an IDR picture (ITU-T H.264, table 7-1).
const IDR_SLICE: u8 = 5;

/// Whether a unit of H.264 that begins with this byte stands beside pictures: messages, parameter sets, delimiters, ends, filler
/// (table 7-1).
pub(crate) fn is_beside_h264(header: u8) -> bool {
    matches!(header & 0x1f, 6..=13 | 15)
}

/// The same of HEVC: everything that is not coded in slices has a type from 32 on (table 7-1); those from 41 on are reserved.
pub(crate) fn is_beside_hevc(header: u8) -> bool {
    matches!(header >> 1 & 0x3f, 32..=40)
}

/// How units are delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// A start code before each (ITU-T H.264, annex B), as in a transport stream.
    StartCodes,
    /// Each is preceded by its length in this many bytes, as in mp4.
    Lengths(usize),
}

impl Framing {
    /// As the stream's extradata says: a record of mp4's begins with its version 1, and its fifth byte has the size of lengths
    /// (ISO/IEC 14496-15, 5.3.3.1).
    pub(crate) fn of(extradata: &[u8]) -> Self {
        match extradata {
            [1, _, _, _, size, ..] => Self::Lengths(usize::from(size & 3) + 1),
            _ => Self::StartCodes,
        }
    }

    /// As [`Framing::of`], of HEVC: the record has the size of lengths in its 22nd byte (ISO/IEC 14496-15, 8.3.3.1).
    pub(crate) fn of_hevc(extradata: &[u8]) -> Self {
        match extradata {
            [1, rest @ ..] if rest.len() > 20 => Self::Lengths(usize::from(rest[20] & 3) + 1),
            _ => Self::StartCodes,
        }
    }

    /// Whether a packet surely has no picture: it is made of whole units, of which `is_beside` says by their first bytes that they
    /// only stand beside pictures. What cannot be read is left to the decoder.
    pub(crate) fn lacks_picture(self, packet: &[u8], is_beside: fn(u8) -> bool) -> bool {
        match self {
            Self::StartCodes => {
                let codes = packet.windows(3).enumerate().filter(|(_, bytes)| bytes == b"\0\0\x01");
                let mut units = 0;
                let beside = |(at, _): (usize, &[u8])| packet.get(at + 3).is_some_and(|header| is_beside(*header));
                codes.inspect(|_| units += 1).all(beside) && units > 0
            }
            Self::Lengths(width) => {
                let mut left = packet;
                while !left.is_empty() {
                    let Some((length, rest)) = left.split_at_checked(width) else { return false };
                    let size = length.iter().fold(0, |size, byte| size << 8 | usize::from(*byte));
                    let Some((unit, rest)) = rest.split_at_checked(size) else { return false };
                    if !unit.first().is_some_and(|header| is_beside(*header)) {
                        return false;
                    }
                    left = rest;
                }
                true
            }
        }
    }

    /// Whether a packet has a slice of an IDR picture.
    pub(crate) fn has_idr(self, packet: &[u8]) -> bool {
        let is_idr = |header: &u8| header & 0x1f == IDR_SLICE;
        match self {
            Self::StartCodes => packet.windows(4).any(|bytes| bytes.starts_with(&[0, 0, 1]) && is_idr(&bytes[3])),
            Self::Lengths(width) => {
                let mut left = packet;
                while let Some((length, rest)) = left.split_at_checked(width) {
                    let size = length.iter().fold(0, |size, byte| size << 8 | usize::from(*byte));
                    if rest.first().is_some_and(is_idr) {
                        return true;
                    }
                    left = rest.get(size..).unwrap_or_default();
                }
                false
            }
        }
    }
}

#[cfg(test)]
mod tests;
