//! Good films with an odd structure: none is taken for damage or deceit, and the first look says what the verdict says.
use std::fs;
use std::path::Path;

use crate::support::boxes::{Node, change, entry, number, split, track};
use crate::support::planned::ladders;
use crate::support::{Bench, outside};
use pipeline::media_info::{MediaInfo, Oddity};
use pipeline::rejection::Rejection;

/// Four seconds at 25 frames, with sound, written with these options.
fn film(path: &Path, options: &str) {
    let made = path.with_file_name("made.mp4");
    let input = "-f lavfi -i testsrc2=size=160x90:rate=25:duration=4,format=yuv420p -f lavfi -i sine=f=440:r=48000:d=4 \
                 -c:v libx264 -preset superfast -g 25 -c:a aac -ac 2 -colorspace bt709 -color_primaries bt709 -color_trc bt709";
    outside::ffmpeg(&format!("{input} {options}"), &made);
    fs::rename(made, path).unwrap();
}

fn bench(options: &str) -> Bench {
    let bench = Bench::new();
    film(&bench.input("source"), options);
    bench
}

/// What the probe says, after the first look has said the same.
fn agreed(bench: &Bench) -> MediaInfo {
    let info = bench.probe("source");
    let (look, verdict) = (bench.outline("source").unwrap(), info.outline());
    let near = |a: u64, b: u64| a.abs_diff(b) <= 40;
    assert!(
        near(look.picture_ms, verdict.picture_ms) && near(look.duration_ms, verdict.duration_ms),
        "{look:?}, {verdict:?}"
    );
    info
}

#[test]
fn a_telemetry_track_that_is_longer_than_the_film_is_no_lie() {
    let bench = bench("");
    change(&bench.input("source"), |moov, _| {
        // A copy of the sound's track, of a second a sample: its bytes are whatever lies there.
        let mut data = track(moov, b"soun").clone();
        data.at("mdia/hdlr").payload[8..12].copy_from_slice(b"meta");
        entry(&mut data, |_, _| (*b"gpmd", vec![0, 0, 0, 0, 0, 0, 0, 1]));
        data.at("tkhd").set(12, 3);
        data.at("tkhd").set(20, 188_000);
        data.kids.retain(|kid| &kid.kind != b"edts");
        data.at("mdia/mdhd").set(16, 188 * 48_000);
        let stts = data.at("mdia/minf/stbl/stts");
        let samples: u32 = stts.rows::<2>(8).iter().map(|[count, _]| count).sum();
        stts.set_rows(8, &[[samples, 188 * 48_000 / samples]]);
        moov.at("mvhd").set(16, 188_000);
        moov.kids.push(data);
    });
    let info = agreed(&bench);
    assert!(info.duration_ms.abs_diff(4000) <= 40, "{}", info.duration_ms);
    assert_eq!((info.video.frames, info.streams.other, info.decode_errors), (100, 1, 0));
    assert_eq!(info.oddities, [Oddity::LongMovieHeader { claimed_ms: 188_000 }]);
}

#[test]
fn a_length_that_headers_leave_open_is_no_claim() {
    // All bits set: the writer did not know it (ISO/IEC 14496-12, 8.2.2.3 and 8.3.2.3). Others leave zeros.
    for open in [u32::MAX, 0] {
        let bench = bench("");
        change(&bench.input("source"), |moov, _| {
            moov.at("mvhd").set(16, open);
            for handler in [b"vide", b"soun"] {
                let track = track(moov, handler);
                track.at("tkhd").set(20, open);
                track.at("mdia/mdhd").set(16, open);
            }
        });
        let info = agreed(&bench);
        assert_eq!((info.video.frames, info.video.duration_ms, info.oddities), (100, 4000, vec![]), "{open:#x}");
    }
}

#[test]
fn a_picture_that_lasts_far_less_than_its_own_track_says_is_refused() {
    let bench = bench("");
    change(&bench.input("source"), |moov, _| track(moov, b"vide").at("tkhd").set(20, 60_000));
    let rejection = bench.refused("source");
    assert!(matches!(rejection, Rejection::MisleadingHeader { claimed_ms: 60_000, decoded_ms: 4000 }), "{rejection:?}");
    assert_eq!(bench.outline("source"), None);
}

/// Makes the last sample of the picture last for `seconds`, and all headers as long.
fn last_picture(moov: &mut Node, seconds: u32) {
    let total_ms = 3960 + seconds * 1000;
    moov.at("mvhd").set(16, total_ms);
    let picture = track(moov, b"vide");
    picture.at("tkhd").set(20, total_ms);
    if picture.has("edts/elst") {
        picture.at("edts/elst").set(8, total_ms);
    }
    let timescale = number(&picture.at("mdia/mdhd").payload, 12);
    picture.at("mdia/mdhd").set(16, (u64::from(timescale) * u64::from(total_ms) / 1000) as u32);
    let stts = picture.at("mdia/minf/stbl/stts");
    assert_eq!(stts.rows::<2>(8), [[100, timescale / 25]]);
    stts.set_rows(8, &[[99, timescale / 25], [1, timescale * seconds]]);
}

#[test]
fn a_last_picture_that_stays_keeps_its_time() {
    for (options, seconds) in [("-bf 0", 34), ("-bf 2", 34), ("-bf 2", 7)] {
        let bench = bench(options);
        change(&bench.input("source"), |moov, _| last_picture(moov, seconds));
        let info = agreed(&bench);
        let total_ms = 3960 + u64::from(seconds) * 1000;
        assert_eq!((info.video.frames, info.video.duration_ms), (100, total_ms), "{options}");
        assert_eq!(info.video.last_picture_stays_ms, u64::from(seconds) * 1000 - 40, "{options}");
        assert_eq!(info.oddities, [Oddity::LastPictureStays { stays_ms: u64::from(seconds) * 1000 - 40 }], "{options}");
        assert_eq!(info.video.frozen.last().unwrap().end_ms, total_ms, "{options}");
    }
}

#[test]
fn a_film_with_a_last_picture_that_stays_comes_out_as_long_in_segments_and_in_one() {
    for (options, segment_s) in [("-bf 2", 5), ("-bf 0", 0)] {
        let bench = bench(options);
        change(&bench.input("source"), |moov, _| last_picture(moov, 34));
        let finished = bench.finish(&ladders([90, 46], segment_s), true);
        assert_eq!(finished.plan.picture.frames, 949, "{options}");
        assert_eq!(outside::frames(&finished.good().file), 949, "{options}");
    }
}

#[test]
fn a_last_picture_that_claims_hours_is_not_believed() {
    let bench = bench("-bf 0");
    change(&bench.input("source"), |moov, _| last_picture(moov, 7200));
    let rejection = bench.refused("source");
    assert!(matches!(rejection, Rejection::MisleadingHeader { claimed_ms: 7_203_960, .. }), "{rejection:?}");
}

#[test]
fn a_last_block_of_sound_that_lasts_for_long_is_silence() {
    let bench = bench("");
    change(&bench.input("source"), |moov, _| {
        moov.at("mvhd").set(16, 44_000);
        let sound = track(moov, b"soun");
        sound.at("tkhd").set(20, 44_000);
        sound.kids.retain(|kid| &kid.kind != b"edts");
        sound.at("mdia/mdhd").set(16, 44 * 48_000);
        let stts = sound.at("mdia/minf/stbl/stts");
        let mut runs = stts.rows::<2>(8);
        let last = runs.last_mut().unwrap();
        last[0] -= 1;
        runs.push([1, 40 * 48_000]);
        stts.set_rows(8, &runs);
    });
    let info = bench.probe("source");
    let sound_ms = info.audio.unwrap().duration_ms;
    assert!(sound_ms.abs_diff(4000) <= 60 && info.video.duration_ms == 4000, "{sound_ms} ms");
}

#[test]
fn an_edit_without_a_length_shows_the_film_to_its_end() {
    for options in ["-bf 0", "-bf 2"] {
        let bench = bench(options);
        let plain = bench.probe("source");
        change(&bench.input("source"), |moov, _| {
            for handler in [b"vide", b"soun"] {
                track(moov, handler).at("edts/elst").set(8, 0);
            }
        });
        let info = agreed(&bench);
        assert_eq!((info.video.frames, info.video.start_ms, info.video.duration_ms), (100, 0, 4000), "{options}");
        let (is, was) = (info.audio.unwrap(), plain.audio.unwrap());
        assert!(is.start_ms.abs_diff(was.start_ms) <= 22, "{options}: {} ms instead of {}", is.start_ms, was.start_ms);
        bench.finish(&ladders([90, 46], 1), false).good();
    }
}

#[test]
fn a_picture_of_which_the_edit_list_shows_nothing_is_none_and_not_damaged() {
    let bench = bench("");
    change(&bench.input("source"), |moov, _| {
        let edits = track(moov, b"vide").at("edts/elst");
        edits.set_rows(8, &[[4000, u32::MAX, 0x1_0000]]);
    });
    assert_eq!(bench.refused("source"), Rejection::NoVideo);
}

/// Bytes of a sample before its first unit that is a slice.
fn before_the_slice(sample: &[u8]) -> usize {
    let mut at = 0;
    while !matches!(sample[at + 4] & 0x1f, 1..=5) {
        at += 4 + number(sample, at) as usize;
    }
    at
}

#[test]
fn packets_of_delimiters_messages_and_parameter_sets_are_no_errors() {
    let bench = bench("-bf 0 -x264-params aud=1:repeat-headers=1");
    let plain = bench.probe("source");
    change(&bench.input("source"), |moov, before| {
        let picture = track(moov, b"vide");
        // The header's own sets go: what the packets without a picture hold is needed.
        entry(picture, |code, content| {
            let at = content.windows(4).position(|window| window == b"avcC").unwrap();
            let size = number(content, at - 4) as usize;
            let mut record = content[at + 4..at + 9].to_vec();
            record.extend([0xe0, 0]);
            let avcc = crate::support::boxes::boxed(b"avcC", &record);
            (*code, [&content[..at - 4], &avcc, &content[at - 4 + size..]].concat())
        });
        // Each head of a picture a sample of its own, and one sample of no bytes.
        split(picture, before, |sample, bytes| Some(if sample == 60 { 0 } else { before_the_slice(bytes) }));
    });
    let info = agreed(&bench);
    assert_eq!((info.video.frames, info.decode_errors, plain.video.frames), (100, 0, 100));
    // 99 heads, and the sample of no bytes.
    assert_eq!(info.oddities, [Oddity::PacketsWithoutPicture { packets: 100 }]);
    let finished = bench.finish(&ladders([90, 46], 1), false);
    assert_eq!(outside::frames(&finished.good().file), 100);
}

#[test]
fn damage_is_still_damage() {
    let bench = bench("-bf 0");
    change(&bench.input("source"), |moov, before| {
        let picture = track(moov, b"vide");
        let stbl = picture.at("mdia/minf/stbl");
        let first = stbl.at("stco").rows::<1>(8)[0][0] as usize;
        let sizes = stbl.at("stsz").rows::<1>(12);
        // In the first chunk, from the second picture on.
        let at = first + sizes[0][0] as usize + 5;
        before[at..at + 8].fill(0xa5);
    });
    let errors = match bench.judged("source") {
        Ok(info) => info.decode_errors,
        Err(Rejection::Damaged { errors, end_missing: false }) => errors,
        Err(other) => panic!("{other:?}"),
    };
    assert!(errors > 0);
}

/// Where the bytes of a track's sample begin in the file.
fn sample_at(stbl: &mut Node, sample: usize) -> usize {
    let sizes = stbl.at("stsz").rows::<1>(12);
    let chunks = stbl.at("stco").rows::<1>(8);
    // Each row: the first chunk of a run of chunks, counted from 1, and how many samples each of them has.
    let runs = stbl.at("stsc").rows::<3>(8);
    let mut first = 0;
    for (chunk, [begin]) in chunks.iter().enumerate() {
        let run = runs.iter().rfind(|[from, ..]| *from as usize <= chunk + 1).unwrap();
        let samples = run[1] as usize;
        if sample < first + samples {
            let before: u32 = sizes[first..sample].iter().map(|[size]| size).sum();
            return (*begin + before) as usize;
        }
        first += samples;
    }
    panic!("no sample {sample}")
}

#[test]
fn damage_is_found_where_it_lies() {
    let bench = bench("-bf 0");
    change(&bench.input("source"), |moov, before| {
        let picture = track(moov, b"vide");
        let stbl = picture.at("mdia/minf/stbl");
        let sizes = stbl.at("stsz").rows::<1>(12);
        let at = sample_at(stbl, 60);
        let size = sizes[60][0] as usize;
        before[at + 5..at + size].fill(0xa5);
    });
    let info = bench.probe("source");
    assert!(info.decode_errors > 0);
    // At 25 a second it is shown at 2.4 s; the pictures until the next key frame, at 3 s, refer to it.
    let [damage] = &info.damage[..] else { panic!("{:?}", info.damage) };
    assert!((2_000..=2_500).contains(&damage.start_ms) && (2_500..=3_200).contains(&damage.end_ms), "{damage:?}");
}

#[test]
fn a_film_without_its_end_is_said_to_lack_it() {
    for options in ["-movflags +frag_keyframe+empty_moov+default_base_moof", "-movflags +faststart", ""] {
        let bench = bench(options);
        let bytes = fs::read(bench.input("source")).unwrap();
        // In the last fragment; in the media; before the index.
        let last = bytes.windows(4).rposition(|window| window == b"moof").unwrap_or(bytes.len() / 2);
        fs::write(bench.input("source"), &bytes[..last + (bytes.len() - last) * 6 / 10]).unwrap();
        assert_eq!(bench.refused("source"), Rejection::end_missing(), "{options}");
    }
}

#[test]
fn a_film_in_fragments_is_measured_and_gets_no_first_look() {
    // Nothing at its ends says how long it is.
    let bench = bench("-movflags +frag_keyframe+empty_moov+default_base_moof");
    assert_eq!(bench.outline("source"), None);
    let info = bench.probe("source");
    assert_eq!((info.video.frames, info.video.duration_ms, info.oddities), (100, 4000, vec![]));
}
