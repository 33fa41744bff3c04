//! Uncompressed sound.
use std::path::Path;

use pipeline::rejection::Rejection;

use super::film;
use crate::support::boxes::{boxed, brands, change, entry, track};
use crate::support::planned::ladders;
use crate::support::{Bench, outside};

/// Changes the sound of a QuickTime film to one of ISO/IEC 23003-5: `ipcm` or `fpcm` with `bits` bits; the entry's own field says `field`.
fn iso_pcm(path: &Path, code: &[u8; 4], bits: u8, field: u8, is_little_endian: bool) {
    change(path, |moov, before| {
        brands(before, b"mp42", &[b"isom"]);
        entry(track(moov, b"soun"), |_, _| {
            let mut content = vec![0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, field, 0, 0, 0, 0];
            content.extend((48_000u32 << 16).to_be_bytes());
            content.extend(boxed(b"pcmC", &[0, 0, 0, 0, u8::from(is_little_endian), bits]));
            (*code, content)
        });
    });
}

#[test]
fn pcm_of_cameras_is_heard_as_it_was_recorded_and_is_no_noise() {
    // The entry's own field says the size, or 16 as the standard's template has it.
    for (codec, code, bits, field, little) in [
        ("pcm_s24be", b"ipcm", 24, 24, false),
        ("pcm_s24be", b"ipcm", 24, 16, false),
        ("pcm_s24le", b"ipcm", 24, 24, true),
        ("pcm_s24le", b"ipcm", 24, 16, true),
        ("pcm_s16be", b"ipcm", 16, 16, false),
        ("pcm_s16le", b"ipcm", 16, 16, true),
        ("pcm_s32be", b"ipcm", 32, 16, false),
        ("pcm_f32be", b"fpcm", 32, 32, false),
        ("pcm_f32le", b"fpcm", 32, 16, true),
    ] {
        let bench = Bench::new();
        let path = film(&bench, "mov", &format!("-c:a {codec}"));
        let plain = bench.probe("source").audio.unwrap();
        iso_pcm(&path, code, bits, field, little);
        let info = bench.probe("source");
        let sound = info.audio.unwrap();
        assert_eq!((info.format.as_str(), sound.codec.as_str(), info.decode_errors), ("mp4", codec, 0), "{field}");
        let (is, was) = (sound.loudness_lufs.unwrap(), plain.loudness_lufs.unwrap());
        assert!((is - was).abs() < 0.05, "{codec} {field}: {is} LUFS instead of {was}");
        // −8 dBFS is what was put in; noise would be at 0.
        let (peak, was) = (sound.true_peak_dbtp.unwrap(), plain.true_peak_dbtp.unwrap());
        assert!((peak - was).abs() < 0.05 && (peak + 8.0).abs() < 1.0, "{codec} {field}: {peak} dBTP");
        assert!(sound.duration_ms.abs_diff(4000) <= 1, "{codec} {field}: {} ms", sound.duration_ms);
    }
}

#[test]
fn pcm_of_a_camera_comes_out_in_time() {
    for field in [16, 24] {
        let bench = Bench::new();
        let path = film(&bench, "mov", "-c:a pcm_s24be");
        iso_pcm(&path, b"ipcm", 24, field, false);
        change(&path, |_, before| brands(before, b"XAVC", &[b"XAVC", b"mp42", b"iso2"]));
        let finished = bench.finish(&ladders([90, 46], 2), false);
        assert_eq!((finished.source.format.as_str(), finished.source.brand.as_str()), ("mp4", "XAVC"));
        let beeps = outside::beeps(&finished.good().file);
        assert_eq!(beeps.len(), 4, "{beeps:?}");
        assert!(beeps.iter().zip([0.4, 1.4, 2.4, 3.4]).all(|(is, should)| (is - should).abs() <= 0.01), "{beeps:?}");
        let (loudness, _) = outside::loudness(&finished.good().file);
        assert!((loudness + 15.0).abs() <= 2.0, "{loudness}");
    }
}

#[test]
fn pcm_that_nothing_decodes_is_refused_by_name() {
    for (code, bits, field, expect) in [(b"ipcm", 20, 24, "ipcm, 20 bit"), (b"fpcm", 64, 64, "fpcm")] {
        let bench = Bench::new();
        let path = film(&bench, "mov", "-c:a pcm_s24be");
        iso_pcm(&path, code, bits, field, false);
        let Rejection::UnsupportedCodec { codec } = bench.refused("source") else { panic!("{expect}") };
        // FFmpeg 7 has a name for the second, and still no decoder that may run here.
        assert!(codec.starts_with(expect) || codec.starts_with("pcm_"), "{codec}");
        assert_eq!(bench.outline("source"), None);
    }
}

#[test]
fn pcm_whose_layout_is_not_said_or_said_in_two_ways_is_refused_by_name() {
    // The samples have 24 bits. Read as the 16 of the entry's field they would be noise.
    for (code, boxed_as, expect) in
        [(b"ipcm", b"free", "ipcm"), (b"twos", b"pcmC", "twos, 24 bit"), (b"sowt", b"pcmC", "sowt, 24 bit")]
    {
        let bench = Bench::new();
        let path = film(&bench, "mov", "-c:a pcm_s24be");
        iso_pcm(&path, code, 24, 16, false);
        change(&path, |moov, _| {
            entry(track(moov, b"soun"), |code, content| {
                let mut content = content.to_vec();
                let at = content.windows(4).position(|it| it == b"pcmC").unwrap();
                content[at..at + 4].copy_from_slice(boxed_as);
                (*code, content)
            });
        });
        assert_eq!(bench.refused("source"), Rejection::UnsupportedCodec { codec: expect.into() });
    }
}
