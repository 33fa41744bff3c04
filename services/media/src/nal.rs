//! H.264's units (ITU-T H.264, 7.3.1) in a packet, whichever way the container marks them off.

/// The kind of unit that is a slice of an IDR picture (ITU-T H.264, table 7-1).
const IDR_SLICE: u8 = 5;

/// How units are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// A start code before each (ITU-T H.264, annex B), as in a transport stream.
    StartCodes,
    /// The length before each, in so many bytes, as in mp4.
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
mod tests {
    use super::*;

    #[test]
    fn an_idr_slice_is_found_behind_other_units() {
        let lengths = Framing::of(&[1, 100, 0, 40, 0xff]);
        assert_eq!(lengths, Framing::Lengths(4));
        assert!(lengths.has_idr(&[0, 0, 0, 2, 0x67, 1, 0, 0, 0, 1, 0x65]));
        assert!(!lengths.has_idr(&[0, 0, 0, 2, 0x41, 1]));
        assert!(!lengths.has_idr(&[0xff, 0xff, 0xff, 0xff, 0x41]));
        // What looks like one within another is none.
        assert!(!lengths.has_idr(&[0, 0, 0, 5, 0x41, 0, 0, 1, 0x65]));
        let short = Framing::of(&[1, 100, 0, 40, 0xfd]);
        assert_eq!(short, Framing::Lengths(2));
        assert!(short.has_idr(&[0, 2, 0x67, 1, 0, 1, 0x65]));
        let codes = Framing::of(&[0, 0, 0, 1, 0x67]);
        assert_eq!([codes, Framing::of(&[])], [Framing::StartCodes; 2]);
        assert!(codes.has_idr(&[0, 0, 0, 1, 0x09, 0xf0, 0, 0, 1, 0x65, 0x88]));
        assert!(!codes.has_idr(&[0, 0, 0, 1, 0x09, 0xf0, 0, 0, 1, 0x06, 5]));
        assert!(!codes.has_idr(&[0, 0, 1]));
    }
}
