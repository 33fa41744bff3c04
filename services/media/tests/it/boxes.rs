//! Sample entries that libav does not know, or takes for something else: each is decoded rightly, or refused by name.
use std::fs;

use crate::support::boxes::{boxed, brands, change, entry, track};
use crate::support::{Bench, outside};
use pipeline::media_info::Unused;
use pipeline::rejection::Rejection;

mod pcm;

/// Four seconds at 25 frames with a beep at 0.4 s of each second, as the options of a codec and a container say.
fn film(bench: &Bench, format: &str, options: &str) -> std::path::PathBuf {
    let path = bench.input("source");
    let made = bench.input(&format!("made.{format}"));
    let tone = "0.4*sin(2*PI*1000*t)*lt(mod(t+0.6001\\,1)\\,0.1)";
    let input = format!(
        "-f lavfi -i testsrc2=size=160x90:rate=25:duration=4,format=yuv420p \
         -f lavfi -i aevalsrc='{tone}|{tone}':s=48000:d=4:c=stereo \
         -c:v libx264 -preset superfast -g 25 -colorspace bt709 -color_primaries bt709 -color_trc bt709 {options}"
    );
    outside::ffmpeg(&input, &made);
    fs::rename(made, &path).unwrap();
    path
}

#[test]
fn an_undecodable_kind_of_aac_is_named_and_blocks_no_other_sound() {
    for others in [0, 1] {
        let bench = Bench::new();
        let path = film(&bench, "mp4", if others == 0 { "-c:a aac" } else { "-map 0 -map 1 -map 1 -c:a aac" });
        change(&path, |moov, _| {
            entry(track(moov, b"soun"), |code, content| {
                let mut content = content.to_vec();
                // The setup of AAC at 48 kHz begins with the object type: 2 is the usual one, 6 is the scalable one.
                let at = content.windows(2).position(|it| it == [0x11, 0x90]).unwrap();
                content[at] = 0x31;
                (*code, content)
            });
        });
        match bench.judged("source") {
            Err(refused) => {
                assert_eq!(others, 0);
                assert_eq!(refused, Rejection::UnsupportedCodec { codec: "AAC, object type 6".into() });
                assert_eq!(bench.outline("source"), None);
            }
            Ok(info) => {
                assert_eq!((others, info.audio.unwrap().stream), (1, 2));
                assert_eq!((info.other_tracks[0].stream, info.other_tracks[0].why), (1, Unused::Undecodable));
            }
        }
    }
}

#[test]
fn an_unknown_codec_is_named_by_its_code_and_gets_no_first_look() {
    // With a setup record of a name of its own, and with that of another codec, by which libav would take it for that one.
    for (handler, code, own_record) in [
        (b"vide", b"xyz1", true),
        (b"vide", b"xyz1", false),
        (b"soun", b"apac", true),
        (b"soun", b"apac", false),
        (b"soun", b"ac-4", false),
        (b"soun", b"samr", false),
    ] {
        let bench = Bench::new();
        let path = film(&bench, "mp4", "-c:a aac");
        assert!(bench.outline("source").is_some());
        change(&path, |moov, _| {
            entry(track(moov, handler), |_, content| {
                let mut content = content.to_vec();
                let record = content.windows(4).position(|it| it == b"esds" || it == b"avcC").unwrap();
                if own_record {
                    content[record..record + 4].copy_from_slice(b"dapa");
                }
                (*code, content)
            })
        });
        let codec = String::from_utf8_lossy(code).into_owned();
        assert_eq!(bench.refused("source"), Rejection::UnsupportedCodec { codec });
        assert_eq!(bench.outline("source"), None);
    }
}

#[test]
fn an_object_type_that_nothing_decodes_is_named_and_not_called_damage() {
    // 0x05 is not given to any codec; libav takes what it does not know for AAC and for MPEG-4.
    for (handler, options, expect) in [
        (b"soun", "-c:a aac", "mp4a, object type 0x05"),
        (b"vide", "-c:a aac -c:v mpeg4 -q:v 3", "mp4v, object type 0x05"),
    ] {
        let bench = Bench::new();
        let path = film(&bench, "mp4", options);
        assert!(bench.outline("source").is_some());
        change(&path, |moov, _| {
            entry(track(moov, handler), |code, content| {
                let mut content = content.to_vec();
                // The descriptor of the decoder: its tag, a size of four bytes, and then the type.
                let at = content.windows(4).position(|it| it == [4, 0x80, 0x80, 0x80]).unwrap();
                content[at + 5] = 0x05;
                (*code, content)
            });
        });
        assert_eq!(bench.refused("source"), Rejection::UnsupportedCodec { codec: expect.into() });
        assert_eq!(bench.outline("source"), None);
    }
}

#[test]
fn a_codec_of_matroska_that_nothing_decodes_is_named_as_the_file_names_it() {
    // Names of the same length, so that nothing else in the file moves.
    let renamed = |bench: &Bench, options: &str, from: &[u8], to: &[u8]| {
        let path = film(bench, "mkv", options);
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.windows(from.len()).position(|it| it == from).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to);
        fs::write(path, bytes).unwrap();
    };
    let bench = Bench::new();
    for (from, to) in [("V_MPEG4/ISO/AVC", "V_MPEG4/ISO/XYZ"), ("A_AC3", "A_ZZ3")] {
        renamed(&bench, "-c:a ac3", from.as_bytes(), to.as_bytes());
        assert_eq!(bench.refused("source"), Rejection::UnsupportedCodec { codec: to.into() });
        assert_eq!(bench.outline("source"), None);
    }
    // Beside a sound that can be decoded it is only named.
    renamed(&bench, "-map 0 -map 1 -map 1 -c:a:0 ac3 -c:a:1 aac", b"A_AC3", b"A_ZZ3");
    let info = bench.probe("source");
    assert_eq!(info.audio.unwrap().stream, 2);
    let other = &info.other_tracks[0];
    assert_eq!((other.stream, other.codec.as_str(), other.why), (1, "A_ZZ3", Unused::Undecodable));
}

#[test]
fn an_encrypted_film_is_said_to_be_encrypted() {
    let key = "-encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8";
    let cenc = Rejection::Encrypted { scheme: "cenc".into() };
    let bench = Bench::new();
    film(&bench, "mp4", &format!("-c:a aac {key}"));
    assert_eq!((bench.refused("source"), bench.outline("source")), (cenc.clone(), None));
    // Only the sound is: with its box of protection, and without.
    for protected in [true, false] {
        let path = film(&bench, "mp4", "-c:a aac");
        change(&path, |moov, _| {
            entry(track(moov, b"soun"), |code, content| {
                let sinf = [boxed(b"frma", code), boxed(b"schm", b"\0\0\0\0cenc\0\x01\0\0")].concat();
                let sinf = if protected { boxed(b"sinf", &sinf) } else { Vec::new() };
                (*b"enca", [content, &sinf].concat())
            });
        });
        let scheme = if protected { "cenc" } else { "" };
        assert_eq!(bench.refused("source"), Rejection::Encrypted { scheme: scheme.into() });
    }
}

#[test]
fn an_encrypted_film_in_matroska_or_a_transport_stream_is_said_to_be_encrypted() {
    let encrypted = Rejection::Encrypted { scheme: String::new() };
    let bench = Bench::new();
    // A name that has as many bytes as what takes its place: one encoding, which is an encryption by AES with a key's number.
    let path = film(&bench, "mkv", "-c:a aac -metadata:s:v title=abcdefghijklmnopqrstu");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(21).position(|it| it == b"abcdefghijklmnopqrstu").unwrap() - 3;
    let encryption = [&b"\x47\xe1\x81\x05\x47\xe2\x84"[..], b"key1"].concat();
    let encoding = [&b"\x50\x33\x81\x01\x50\x35\x8b"[..], &encryption].concat();
    let encodings = [&b"\x6d\x80\x95\x62\x40\x92"[..], &encoding].concat();
    assert_eq!((encodings.len(), &bytes[at..at + 3]), (24, &b"\x53\x6e\x95"[..]));
    bytes[at..at + 24].copy_from_slice(&encodings);
    fs::write(&path, bytes).unwrap();
    assert_eq!((bench.refused("source"), bench.outline("source")), (encrypted.clone(), None));

    let path = film(&bench, "ts", "-c:a aac");
    assert_eq!(bench.probe("source").video.frames, 100);
    let mut bytes = fs::read(&path).unwrap();
    for packet in bytes.chunks_exact_mut(188).filter(|packet| packet[1] & 0x1f == 1) {
        // Scrambled with the even key; tables stay readable.
        packet[3] |= 0x80;
        packet[32..].iter_mut().for_each(|byte| *byte ^= 0x5a);
    }
    fs::write(&path, bytes).unwrap();
    assert_eq!((bench.refused("source"), bench.outline("source")), (encrypted, None));
}

/// A film of HEVC whose entry has this code and a record of Dolby Vision of this profile and compatibility.
fn dolby_vision(bench: &Bench, code: &[u8; 4], profile: u16, compatibility: u8, options: &str) {
    let path = film(bench, "mp4", &format!("-c:a aac -c:v libx265 -x265-params log-level=error -tag:v hvc1 {options}"));
    change(&path, |moov, _| {
        entry(track(moov, b"vide"), |_, content| {
            // Metadata and base layer, no enhancement layer; level 1.
            let bits = (profile << 9 | 1 << 3 | 1 << 2 | 1).to_be_bytes();
            let record = [&[1, 0][..], &bits, &[compatibility << 4], &[0; 19]].concat();
            (*code, [content, &boxed(b"dvcC", &record)].concat())
        });
    });
}

#[test]
fn dolby_vision_without_a_base_layer_for_all_is_refused_by_name() {
    let bench = Bench::new();
    // Whatever a record of profile 5 says, its samples are no other decoder's.
    for (code, compatibility) in [(b"dvh1", 0), (b"hvc1", 0), (b"hvc1", 2)] {
        dolby_vision(&bench, code, 5, compatibility, "");
        let codec = "Dolby Vision profile 5".to_owned();
        assert_eq!(bench.refused("source"), Rejection::UnsupportedCodec { codec });
        assert_eq!(bench.outline("source"), None);
    }
    // Profile 8.4, as phones record it: the base layer is HLG, and the film is taken as that.
    let hlg = "-pix_fmt yuv420p10le -colorspace bt2020nc -color_primaries bt2020 -color_trc arib-std-b67";
    dolby_vision(&bench, b"hvc1", 8, 4, hlg);
    let info = bench.probe("source");
    assert_eq!((info.video.colour.transfer_name.as_str(), info.decode_errors), ("arib-std-b67", 0));
    // Where nothing else says the colour, this does.
    for (compatibility, curve) in [(4, "arib-std-b67"), (1, "smpte2084"), (6, "smpte2084")] {
        dolby_vision(
            &bench,
            b"hvc1",
            8,
            compatibility,
            "-pix_fmt yuv420p10le -colorspace 2 -color_primaries 2 -color_trc 2",
        );
        let colour = bench.probe("source").video.colour;
        assert_eq!((colour.transfer_name.as_str(), colour.matrix.as_str()), (curve, "bt2020nc"), "{compatibility}");
    }
}

#[test]
fn a_track_of_two_codecs_is_refused_and_an_unused_entry_is_not() {
    let bench = Bench::new();
    for used in [false, true] {
        let path = film(&bench, "mp4", "-c:a aac");
        change(&path, |moov, _| {
            let stbl = track(moov, b"vide").at("mdia/minf/stbl");
            let stsd = stbl.at("stsd");
            stsd.set(4, 2);
            let mut other = stsd.payload[8..].to_vec();
            other[4..8].copy_from_slice(b"mp4v");
            stsd.payload.extend(other);
            let runs = stbl.at("stsc");
            let mut rows = runs.rows::<3>(8);
            if used {
                rows.push([rows.last().unwrap()[0] + 1, rows.last().unwrap()[1], 2]);
                runs.set_rows(8, &rows);
            }
        });
        let judged = bench.judged("source");
        match used {
            true => assert_eq!(judged.unwrap_err(), Rejection::ChangesMidway { what: "codec".into() }),
            false => assert_eq!(judged.unwrap().video.frames, 100),
        }
    }
}

#[test]
fn compatible_brands_decide_with_the_major_one() {
    let bench = Bench::new();
    for (major, compatible, format) in [
        (b"caqv", &[b"mp42", b"isom"][..], "mp4"),
        (b"3gp4", &[b"isom", b"3gp4"][..], "mp4"),
        (b"3gp4", &[b"3gp4", b"iso6"][..], "mp4"),
        (b"3gp4", &[b"3gp4"][..], "3gp"),
        (b"qt  ", &[b"qt  ", b"mp42"][..], "mov"),
    ] {
        let path = film(&bench, "mp4", "-c:a aac");
        change(&path, |_, before| brands(before, major, compatible));
        let info = bench.probe("source");
        assert_eq!((info.format.as_str(), info.brand.as_bytes()), (format, &major[..]));
        assert_eq!(info.compatible_brands[0].as_bytes(), compatible[0]);
        let look = bench.outline("source").unwrap();
        assert_eq!(
            (look.format, look.brand, look.compatible_brands),
            (info.format, info.brand, info.compatible_brands)
        );
    }
}
