//! Kinds of files that users of other systems reported: phones, cameras, recorders, browsers and downloads. What is right for an
//! entrant is measured in what comes out: every picture in its place, every beep at its flash.
use std::fs;
use std::path::Path;

use media::synth::{Clip, make, pictures};
use pipeline::media_info::{Ratio, Transfer};

use crate::support::boxes::{Node, boxed, change, entry, track};
use crate::support::planned::{Finished, ladders};
use crate::support::{Bench, outside};
use fragments::numbered;

mod fragments;

/// A beep may be this far from its flash, in seconds: half a frame of AAC.
const SYNC: f64 = 0.010;
const TAGS: &str = "-colorspace bt709 -color_primaries bt709 -color_trc bt709";

/// What ffmpeg makes pictures and sounds of: a dim moving picture of three seconds that flashes, and a beep, at 0.4 s of each second.
fn inputs(sample_rate: u32) -> String {
    let now = "lt(mod(t+0.6001\\,1)\\,0.1)";
    format!(
        "-f lavfi -i testsrc2=size=160x90:rate=25:duration=3,colorlevels=romax=0.3:gomax=0.3:bomax=0.3,format=yuv420p,\
         drawbox=color=white:t=fill:enable='{now}' \
         -f lavfi -i aevalsrc='0.4*sin(2*PI*1000*t)*{now}|0.4*sin(2*PI*1000*t)*{now}':s={sample_rate}:d=3:c=stereo {TAGS}"
    )
}

/// A film with these codecs and options, which `alter` changes.
fn film(options: &str, alter: impl FnOnce(&Path)) -> Bench {
    let bench = Bench::new();
    let made = bench.input("made.mp4");
    outside::ffmpeg(&format!("{} {options}", inputs(48_000)), &made);
    alter(&made);
    fs::rename(made, bench.input("source")).unwrap();
    bench
}

const X264: &str = "-c:v libx264 -preset superfast -g 25 -sc_threshold 0";
const AAC: &str = "-c:a aac -b:a 96k";

/// Renders it and expects all of it: 75 pictures, and three flashes with their beeps, `sync` apart at most.
fn comes_out(case: &str, bench: &Bench, sync: f64) -> Finished {
    let finished = bench.finish(&ladders([90, 46], 1), false);
    let file = &finished.good().file;
    assert_eq!((finished.source.video.frames, finished.source.decode_errors), (75, 0), "{case}");
    assert_eq!(outside::frames(file), 75, "{case}");
    let (flashes, beeps) = (outside::flashes(file, 25.0), outside::beeps(file));
    for (onsets, sync) in [(&flashes, 0.001), (&beeps, sync)] {
        assert_eq!(onsets.len(), 3, "{case}: flashes at {flashes:?}, beeps at {beeps:?}");
        let near = onsets.iter().zip([0.4, 1.4, 2.4]).all(|(is, should)| (is - should).abs() <= sync);
        assert!(near, "{case}: flashes at {flashes:?}, beeps at {beeps:?}");
    }
    finished
}

#[test]
fn a_cover_that_comes_before_the_tracks_is_not_the_film() {
    let bench = film(&format!("{X264} {AAC}"), |file| {
        let jpeg = file.with_file_name("cover.jpg");
        outside::ffmpeg("-f lavfi -i color=red:size=384x216 -frames:v 1", &jpeg);
        change(file, |moov, _| {
            // Type 13 is JPEG.
            let data = [&[0, 0, 0, 13, 0, 0, 0, 0][..], &fs::read(&jpeg).unwrap()].concat();
            let list = boxed(b"ilst", &boxed(b"covr", &boxed(b"data", &data)));
            let handler = boxed(b"hdlr", b"\0\0\0\0\0\0\0\0mdirappl\0\0\0\0\0\0\0\0\0");
            let meta = boxed(b"meta", &[&[0; 4][..], &handler, &list].concat());
            moov.kids.retain(|kid| &kid.kind != b"udta");
            moov.kids.insert(1, Node { kind: *b"udta", payload: meta, kids: Vec::new() });
        });
    });
    let finished = comes_out("cover", &bench, SYNC);
    let info = finished.source;
    assert_eq!((info.video.codec.as_str(), info.video.display_width), ("h264", 160));
    assert_eq!((info.streams.other, info.other_tracks), (1, vec![]));
}

#[test]
fn a_broadcast_put_into_mp4_as_it_was_is_seen_and_heard() {
    let bench = film("-c:v mpeg2video -q:v 2 -g 12 -bf 2 -c:a mp2 -b:a 192k", |_| ());
    assert_eq!(comes_out("broadcast", &bench, SYNC).source.video.codec, "mpeg2video");
}

#[test]
fn sound_whose_rate_is_labelled_twice_as_high_has_its_own_speed() {
    let bench = Bench::new();
    let made = bench.input("made.mp4");
    outside::ffmpeg(&format!("{} {X264} {AAC}", inputs(22_050)), &made);
    change(&made, |moov, _| {
        entry(track(moov, b"soun"), |code, content| {
            let mut content = content.to_vec();
            content[24..28].copy_from_slice(&(44_100u32 << 16).to_be_bytes());
            (*code, content)
        });
    });
    fs::rename(made, bench.input("source")).unwrap();
    let sound = comes_out("label", &bench, SYNC).source.audio.unwrap();
    assert_eq!((sound.sample_rate, sound.duration_ms.abs_diff(3000) <= 60), (22_050, true), "{} ms", sound.duration_ms);
}

#[test]
fn an_empty_block_of_sound_does_not_end_it() {
    let bench = film(&format!("{X264} {AAC}"), |file| {
        change(file, |moov, before| {
            let sound = track(moov, b"soun").at("mdia/minf/stbl");
            // The block after 0.8 s, in a pause, has no bytes. Those of its chunk that follow it move up to where it was.
            let mut sizes = sound.at("stsz").rows::<1>(12);
            let (block, mut first) = (38, 0);
            let runs = sound.at("stsc").rows::<3>(8);
            let (chunk, count) = sound
                .at("stco")
                .rows::<1>(8)
                .iter()
                .enumerate()
                .find_map(|(index, [chunk])| {
                    let run = runs.iter().rev().find(|[from, ..]| *from as usize <= index + 1).unwrap();
                    first += run[1] as usize;
                    (block < first).then_some((*chunk as usize, run[1] as usize))
                })
                .unwrap();
            let size = |range: std::ops::Range<usize>| sizes[range].iter().map(|[size]| *size as usize).sum::<usize>();
            let (at, end) = (chunk + size(first - count..block), chunk + size(first - count..first));
            let empty = sizes[block][0] as usize;
            before.copy_within(at + empty..end, at);
            sizes[block] = [0];
            sound.at("stsz").set_rows(12, &sizes);
        });
    });
    comes_out("empty block", &bench, SYNC);
}

#[test]
fn a_phones_screen_in_bursts_of_120_a_second_shows_each_picture_in_its_time() {
    // Ten bursts of twelve pictures, one each 0.4 s, with stills between.
    let clip = Clip { duration_ms: 4800, tone: media::synth::Tone::None, ..Clip::default() };
    let bursts = format!(
        "-vf settb=1/12000,setpts='floor(N/12)*4800+mod(N\\,12)*100' -vsync passthrough -enc_time_base 1/12000 \
         -c:v libx264 -preset superfast -bf 2 {TAGS} -video_track_timescale 12000"
    );
    let bench = numbered(&clip, &bursts);
    let finished = bench.finish(&ladders([180, 90], 1), false);
    let (rate, shown) = (finished.rate(), pictures(&finished.good().file).unwrap());
    assert_eq!((finished.source.video.frames, finished.plan.picture.frame_rate), (120, Ratio::new(60, 1)));
    let time = |picture: u64| (picture / 12) as f64 * 0.4 + (picture % 12) as f64 / 120.0;
    for (frame, it) in shown.iter().enumerate() {
        let at = frame as f64 / rate;
        // The picture of that time, to three quarters of an output frame.
        let shows = |at: f64| (0..120).rev().find(|picture| time(*picture) <= at).unwrap_or(0);
        let range = shows(at - 0.75 / rate)..=shows(at + 0.75 / rate);
        assert!(range.contains(&it.number), "{} at {at} instead of {range:?}", it.number);
    }
}

#[test]
fn a_phone_that_counts_60_02_pictures_a_second_has_60() {
    let bench = Bench::new();
    make(&bench.input("source"), &Clip { rate: Ratio::new(3001, 50), duration_ms: 3000, ..Clip::default() }).unwrap();
    let finished = bench.finish(&ladders([180, 90], 1), false);
    let shown = pictures(&finished.good().file).unwrap();
    assert_eq!(finished.plan.picture.frame_rate, Ratio::new(60, 1));
    assert!(shown.len().abs_diff(180) <= 1, "{}", shown.len());
    assert!(shown.iter().zip(0..).all(|(it, place)| it.number.abs_diff(place) <= 1));
}

#[test]
fn hlg_that_only_a_message_in_the_bitstream_tells_is_taken_as_hlg() {
    // Alternative transfer characteristics (ITU-T H.274): 18 is HLG, where the parameter sets say BT.2020 with its own curve, 14.
    let film = |sets: u8, message: &str| {
        let bench = Bench::new();
        let made = bench.input("made.mp4");
        outside::ffmpeg(
            &format!(
                "-f lavfi -i testsrc2=size=160x90:rate=25:duration=1,format=yuv420p10le -c:v libx265 -preset ultrafast \
                 -x265-params log-level=error:crf=10:bframes=0{message} -tag:v hvc1 \
                 -bsf:v hevc_metadata=colour_primaries=9:transfer_characteristics={sets}:matrix_coefficients=9"
            ),
            &made,
        );
        fs::rename(made, bench.input("source")).unwrap();
        let finished = bench.finish(&ladders([90, 46], 0), false);
        assert_eq!(finished.source.video.colour.transfer, Transfer::Hlg, "{sets}{message}");
        outside::planes(&finished.good().file, 10, (160, 90))
    };
    assert_eq!(film(14, ":atc-sei=18"), film(18, ""));
}

#[test]
fn blows_over_a_quiet_hall_keep_their_place_and_stay_below_the_ceiling() {
    // Blows of 30 ms at full scale, far above what is between them.
    let blow = "0.97*exp(-mod(t+0.6\\,1)/0.012)*sin(2*PI*1000*t)*lt(mod(t+0.6\\,1)\\,0.1)+0.0008*sin(2*PI*300*t)";
    let bench = Bench::new();
    let made = bench.input("made.mp4");
    let picture = "-f lavfi -i testsrc2=size=160x90:rate=25:duration=3,format=yuv420p";
    outside::ffmpeg(
        &format!("{picture} -f lavfi -i aevalsrc='{blow}|{blow}':s=48000:d=3 {X264} -c:a aac -b:a 192k {TAGS}"),
        &made,
    );
    fs::rename(made, bench.input("source")).unwrap();
    let finished = bench.finish(&ladders([90, 46], 0), false);
    let file = &finished.good().file;
    let ((_, peak), beeps) = (outside::loudness(file), outside::beeps(file));
    assert!(peak <= -1.9, "{peak} dBTP");
    assert!(beeps.len() == 3 && beeps.iter().zip([0.4, 1.4, 2.4]).all(|(is, at)| (is - at).abs() <= SYNC), "{beeps:?}");
}

#[test]
fn no_name_of_a_file_is_an_obstacle() {
    let bench = Bench::new();
    make(&bench.input("plain"), &Clip::default()).unwrap();
    for name in ["参赛 视频 🏭\u{202e}final:1 50%d(终稿)#2?.mp4", "-i.mp4", "%04d.jpg", "http:x.m3u8", "file:a.mp4"]
    {
        fs::hard_link(bench.input("plain"), bench.input(name)).unwrap();
        assert_eq!(bench.probe(name).video.frames, 50, "{name}");
    }
}

#[test]
fn pictures_stored_without_times_of_showing_are_shown_in_order_and_in_sync() {
    // A writer that knows no offsets: each sample has the time of its place in decoding. Without an edit list, and with the one that
    // took the delay of the offsets back.
    for (coding, offsets, edits) in [
        ("-c:v libx264 -preset veryfast -bf 3 -g 50", "none", false),
        ("-c:v libx264 -preset veryfast -bf 3 -g 50", "none", true),
        ("-c:v libx265 -preset ultrafast -x265-params log-level=error:bframes=3:keyint=50 -tag:v hvc1", "none", false),
        // The same offset for all says no more than none.
        ("-c:v libx264 -preset veryfast -bf 3 -g 25 -x264-params open-gop=1", "same", false),
    ] {
        let bench = film(&format!("{coding} -sc_threshold 0 {AAC}"), |file| {
            change(file, |moov, _| {
                let picture = track(moov, b"vide");
                if !edits {
                    picture.kids.retain(|kid| &kid.kind != b"edts");
                }
                let stbl = picture.at("mdia/minf/stbl");
                match offsets {
                    "same" => stbl.at("ctts").set_rows(8, &[[75, 0]]),
                    _ => stbl.kids.retain(|kid| &kid.kind != b"ctts"),
                }
            });
        });
        let finished = comes_out(coding, &bench, SYNC);
        assert_eq!(finished.source.oddities, [pipeline::media_info::Oddity::TimesByOrder], "{coding}");
        assert_eq!((finished.source.video.start_ms, finished.source.video.duration_ms), (0, 3000), "{coding}");
    }
}

#[test]
fn every_number_of_such_a_film_is_in_its_place_in_segments() {
    let clip = Clip { duration_ms: 4000, ..Clip::default() };
    let bench = numbered(&clip, &format!("-c:v libx264 -preset veryfast -bf 3 -g 25 {TAGS} -c:a copy"));
    change(&bench.input("source"), |moov, _| {
        let picture = track(moov, b"vide");
        picture.kids.retain(|kid| &kid.kind != b"edts");
        picture.at("mdia/minf/stbl").kids.retain(|kid| &kid.kind != b"ctts");
    });
    let finished = bench.finish(&ladders([180, 90], 1), false);
    assert!(finished.plan.segments.len() > 2);
    finished.good();
    for rendition in &finished.renditions {
        let shown = pictures(&rendition.file).unwrap();
        assert!(shown.iter().map(|it| it.number).eq(0..100), "{}", rendition.planned.name);
    }
    // A copy would be as wrong as its source.
    let copied = bench.finish(&ladders([180, 90], 0), true);
    let why = &copied.renditions[0].planned.because;
    assert!(why.iter().any(|it| it.en.contains("does not say when")), "{why:?}");
    let beeps = media::synth::beeps(&finished.renditions[0].file).unwrap();
    assert!(beeps.len() == 4 && beeps.iter().zip(0..).all(|(is, at)| (is - f64::from(at)).abs() <= SYNC), "{beeps:?}");
}
