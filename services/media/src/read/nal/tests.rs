//! Units of byte streams.
use super::*;

#[test]
fn a_packet_without_a_picture_is_known_only_if_all_of_it_can_be_read() {
    let lengths = Framing::Lengths(4);
    let lacks = |packet: &[u8]| lengths.lacks_picture(packet, is_beside_h264);
    assert!(lacks(&[0, 0, 0, 2, 0x09, 0xf0]) && lacks(&[0, 0, 0, 2, 0x67, 1, 0, 0, 0, 1, 0x68]) && lacks(&[]));
    assert!(!lacks(&[0, 0, 0, 2, 0x09, 0xf0, 0, 0, 0, 1, 0x65]));
    assert!(!lacks(&[0, 0, 0, 3, 0x09, 0xf0]) && !lacks(&[0, 0, 0]) && !lacks(&[0, 0, 0, 0]));
    let codes = |packet: &[u8]| Framing::StartCodes.lacks_picture(packet, is_beside_h264);
    assert!(codes(&[0, 0, 0, 1, 0x09, 0xf0, 0, 0, 1, 0x06, 5]));
    assert!(!codes(&[0, 0, 1, 0x09, 0xf0, 0, 0, 1, 0x41]) && !codes(&[1, 2, 3]) && !codes(&[0, 0, 1]));
    let mut record = [0; 23];
    (record[0], record[21]) = (1, 0xff);
    assert_eq!(Framing::of_hevc(&record), lengths);
    assert_eq!(Framing::of_hevc(&[0, 0, 0, 1, 0x40]), Framing::StartCodes);
    assert!(lengths.lacks_picture(&[0, 0, 0, 2, 0x46, 1], is_beside_hevc));
    assert!(!lengths.lacks_picture(&[0, 0, 0, 2, 0x02, 1], is_beside_hevc));
}

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
