//! Formats by content.
use super::*;

fn check(head: &[u8], expect: Kind) {
    assert_eq!(sniff(head), expect, "{:?}", String::from_utf8_lossy(head));
}

#[test]
fn magic_decides_and_not_a_name() {
    check(b"\0\0\0\x20ftypisom\0\0\x02\0", Kind::Format(Format::Mp4));
    check(b"\0\0\0\x14ftypqt  \0\0\x02\0", Kind::Format(Format::Mov));
    check(b"\0\0\0\x14ftyp3gp4\0\0\x02\0", Kind::Format(Format::ThreeGp));
    check(b"\0\0\0\x18ftyp3gp4\0\0\x02\x003gp4isom", Kind::Format(Format::Mp4));
    check(b"\0\0\0\x14ftyp3gp4\0\0\x02\x003gp4isom", Kind::Format(Format::ThreeGp)); // beyond the box
    check(b"\0\0\0\x18ftypqt  \0\0\x02\0qt  mp42", Kind::Format(Format::Mov));
    check(b"\0\0\0\x0cfree....\0\0\0\x18ftypisom\0\0\x02\0isom", Kind::Format(Format::Mp4));
    check(b"\0\0\0\x08wide\0\0\0\x08mdat", Kind::Format(Format::Mov));
    check(b"\0\0\0\x18ftypheic\0\0\0\0", Kind::Other("heif"));
    check(&[0x1a, 0x45, 0xdf, 0xa3, 0], Kind::Format(Format::Matroska));
    check(b"RIFF\0\0\0\0AVI LIST", Kind::Format(Format::Avi));
    check(b"RIFF\0\0\0\0WAVEfmt ", Kind::Other("wav"));
    check(b"", Kind::Other("empty"));
}

#[test]
fn brands_end_with_their_box_and_with_the_head() {
    let found = brands(b"\0\0\0\x1aftypcaqv\0\0\0\0mp42isomXX").unwrap();
    assert_eq!((&found.major, found.compatible.as_slice()), (b"caqv", &[*b"mp42", *b"isom"][..]));
    assert_eq!(brands(b"\xff\xff\xff\xffftypisom\0\0\0\0avc1a").unwrap().compatible, [*b"avc1"]);
    for head in [&b""[..], b"\0\0\0\x14ftypis", b"\0\0\0\0free\0\0\0\x14ftypisom", b"\0\0\0\x10free1234"] {
        assert_eq!(brands(head), None, "{head:?}");
    }
}

#[test]
fn scripts_are_named_and_never_opened() {
    check(b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n", Kind::Other("hls"));
    check("\u{feff}#EXTM3U\n".as_bytes(), Kind::Other("hls"));
    check(b"ffconcat version 1.0\nfile other.mp4\n", Kind::Other("ffconcat"));
    check(b"file 'other.mp4'\n", Kind::Other("ffconcat"));
    check(b"<?xml version=\"1.0\"?><MPD></MPD>", Kind::Other("dash"));
    check("你好，世界".as_bytes(), Kind::Other("text"));
}

#[test]
fn a_transport_stream_needs_its_sync_bytes() {
    let mut packets = vec![0u8; 188 * 6];
    packets.iter_mut().step_by(188).for_each(|byte| *byte = 0x47);
    check(&packets, Kind::Format(Format::MpegTs));
    packets[188 * 2] = 0;
    check(&packets, Kind::Other("unknown"));
}
