use super::*;
use crate::read::isobmff::{DolbyVision, Protection};

fn track(entries: Vec<Entry>) -> Track {
    Track { entries, ..Track::default() }
}

fn entry(code: &[u8; 4]) -> Entry {
    Entry { code: *code, ..Entry::default() }
}

fn check(entry: Entry, codec: &str, expect: Option<&str>) {
    let found = obstacle(&track(vec![entry.clone()]), codec);
    let expect = expect.map(|codec| Rejection::UnsupportedCodec { codec: codec.into() });
    assert_eq!(found, expect, "{entry:?} as {codec}");
}

#[test]
fn a_codec_that_is_not_known_is_named_by_its_code() {
    check(entry(b"apac"), "unknown", Some("apac"));
    check(entry(b"avc1"), "h264", None);
    check(entry(b"avc1"), "mpeg4", Some("avc1"));
    check(entry(b"mp4a"), "mp3", None);
    check(entry(b"SVQ3"), "svq3", None);
}

#[test]
fn a_record_that_names_a_codec_is_believed_only_in_an_entry_for_it() {
    for code in [b"apac", b"ac-4", b"mha1", b"dtsx", b"xyz1", b"samr", b"twos"] {
        check(entry(code), "aac", Some(std::str::from_utf8(code).unwrap()));
    }
    check(entry(b"xyz1"), "h264", Some("xyz1"));
    for (code, codec) in [
        (b"mp4a", "aac"),
        (b"mp4v", "mpeg2video"),
        (b"AVC1", "h264"),
        (b"sowt", "pcm_s16le"),
        (b"twos", "pcm_s24be"),
        (b"lpcm", "pcm_f32le"),
        (b"AVdh", "dnxhd"),
        (b"xd5b", "mpeg2video"),
        (b"ms\0\x55", "mp3"),
    ] {
        check(entry(code), codec, None);
    }
}

#[test]
fn an_object_type_that_libav_does_not_know_is_not_taken_for_the_usual_codec() {
    let typed = |code: &[u8; 4], object_type| Entry { object_type: Some(object_type), ..entry(code) };
    for (code, object_type, codec) in [
        (b"mp4a", 0x40, "aac"),
        (b"mp4a", 0x67, "aac"),
        (b"mp4a", 0, "aac"),
        (b"mp4a", 0x6b, "mp3"),
        (b"mp4a", 0xdd, "vorbis"),
        (b"mp4v", 0x20, "mpeg4"),
        (b"mp4v", 0x61, "mpeg2video"),
    ] {
        check(typed(code, object_type), codec, None);
    }
    check(typed(b"mp4a", 0xd4), "aac", Some("mp4a, object type 0xd4"));
    check(typed(b"mp4v", 0x22), "mpeg4", Some("mp4v, object type 0x22"));
}

#[test]
fn pcm_is_what_its_box_says() {
    let pcm = |code: &[u8; 4], bits, is_little_endian| Entry {
        pcm: Some(Pcm { is_little_endian, bits, field_at: 500, type_at: 520 }),
        ..entry(code)
    };
    check(pcm(b"ipcm", 24, false), "pcm_s24be", None);
    check(pcm(b"ipcm", 24, false), "pcm_s16le", Some("ipcm, 24 bit"));
    check(pcm(b"fpcm", 64, false), "unknown", Some("fpcm, 64 bit"));
    check(pcm(b"ipcm", 20, true), "pcm_s24le", Some("ipcm, 20 bit"));
    check(pcm(b"ipcm", 20, true), "unknown", Some("ipcm, 20 bit"));
    check(entry(b"ipcm"), "pcm_s16be", Some("ipcm"));
    // Of two words that differ none is believed.
    check(pcm(b"twos", 24, false), "pcm_s16be", Some("twos, 24 bit"));
    check(pcm(b"sowt", 16, false), "pcm_s16le", Some("sowt, 16 bit"));
    check(pcm(b"in24", 24, true), "pcm_s24le", None);
    let other = |code, bits, little, codec| other_codec(&track(vec![pcm(code, bits, little)]), codec);
    assert_eq!(other(b"ipcm", 24, false, "pcm_s24le"), Some("pcm_s24be"));
    assert_eq!(other(b"ipcm", 24, true, "pcm_s24le"), None);
    assert_eq!(other(b"ipcm", 24, false, "pcm_s16le"), None);
    assert_eq!(other(b"fpcm", 32, true, "unknown"), Some("pcm_f32le"));
    assert_eq!(other_codec(&track(vec![entry(b"mp4a")]), "aac"), None);
    let misread = |code, bits, codec| misread(&track(vec![pcm(code, bits, false)]), codec);
    assert_eq!(misread(b"ipcm", 24, "pcm_s16be"), [(500, [0, 24])]);
    assert_eq!([misread(b"ipcm", 24, "pcm_s24le"), misread(b"ipcm", 20, "pcm_s16be")], [[], []]);
    assert_eq!([misread(b"fpcm", 32, "unknown"), misread(b"mp4a", 24, "aac")], [[], []]);
    let hidden = |code, bits| hidden(&track(vec![pcm(code, bits, false)]));
    assert_eq!([hidden(b"ipcm", 20), hidden(b"twos", 24)], [[(520, *b"xx")]; 2]);
    assert_eq!([hidden(b"ipcm", 24), hidden(b"fpcm", 64)], [[], []]);
}

#[test]
fn dolby_vision_passes_only_with_a_base_layer_that_others_show_rightly() {
    let vision = |code: &[u8; 4], profile, compatibility, has_base_layer| Entry {
        dolby_vision: Some(DolbyVision { profile, has_base_layer, compatibility }),
        ..entry(code)
    };
    check(vision(b"dvh1", 5, 0, true), "hevc", Some("Dolby Vision profile 5"));
    check(vision(b"hvc1", 5, 2, true), "hevc", Some("Dolby Vision profile 5"));
    check(vision(b"dav1", 10, 0, true), "av1", Some("Dolby Vision profile 10"));
    check(vision(b"hvc1", 8, 4, true), "hevc", None);
    check(vision(b"hvc1", 7, 0, true), "hevc", None);
    check(vision(b"hvc1", 7, 6, false), "hevc", Some("Dolby Vision profile 7"));
    check(entry(b"dvhe"), "hevc", Some("Dolby Vision (dvhe)"));
}

#[test]
fn encryption_and_a_change_of_codec_differ_and_unused_entries_do_not_count() {
    let protection = Some(Protection { original: *b"avc1", scheme: *b"cbcs" });
    let encrypted = Entry { protection, ..entry(b"encv") };
    let expect = Some(Rejection::Encrypted { scheme: "cbcs".into() });
    assert_eq!(obstacle(&track(vec![entry(b"avc1"), encrypted.clone()]), "h264"), expect);
    assert_eq!(obstacle(&track(vec![entry(b"enca")]), "aac"), Some(Rejection::Encrypted { scheme: "".into() }));
    let both = track(vec![entry(b"avc1"), entry(b"hvc1")]);
    assert_eq!(obstacle(&both, "h264"), Some(Rejection::ChangesMidway { what: "codec".into() }));
    assert_eq!(obstacle(&Track { used_entries: vec![0], ..both }, "h264"), None);
    assert_eq!(obstacle(&track(vec![entry(b"hvc1"), entry(b"hev1")]), "hevc"), None);
    assert_eq!(obstacle(&Track::default(), "h264"), None);
}
