//! Films that were cut or joined without encoding.
use std::fs;

use super::{assert_near, bench, changed, finish, footage, named, onsets};
use crate::support::{Bench, outside};

#[test]
fn whether_gops_are_closed_is_seen() {
    // Of 25 frames the last four are no whole group of five, so an open GOP leads its key frame with them.
    for (options, closed) in [("-bf 4", true), ("-bf 0", true), ("-bf 4 -x264-params open-gop=1", false)] {
        let options = format!("{options} -b_strategy 0");
        let bench = bench(|source| named(source, "ts", |file| footage(file, [4.0, 4.0], &options)));
        let video = bench.probe("source").video;
        assert_eq!((video.closed_gops, video.max_key_frame_interval_ms), (closed, 1000), "{options}");
        assert_eq!(video.key_frame_pace_frames, 25, "{options}");
    }
}

#[test]
fn what_was_cut_or_joined_without_encoding_is_seen() {
    let seen = |bench: &Bench| {
        let video = bench.probe("source").video;
        (video.begins_with_idr, video.uniform)
    };
    for format in ["mp4", "mkv", "ts"] {
        let plain = bench(|source| named(source, format, |file| footage(file, [2.0, 2.0], "-bf 2")));
        assert_eq!(seen(&plain), (true, true), "{format}");
        // From the second key frame on, which is no IDR picture where GOPs are open.
        let open = "-bf 4 -b_strategy 0 -x264-params open-gop=1";
        assert_eq!(seen(&changed(format, open, "-ss 0.9 -c copy -an")), (false, true), "{format}");
        assert_eq!(seen(&changed(format, "-bf 4 -b_strategy 0", "-ss 0.9 -c copy -an")), (true, true), "{format}");
    }
    for other in ["-level 51", "-profile:v main", "-flags +ildct+ilme -x264-params tff=1", "-colorspace smpte170m"] {
        let joined = bench(|source| {
            let part = |name: &str, options: &str| {
                let file = source.with_file_name(name);
                footage(&file, [2.0, 2.0], &format!("-profile:v high -level 40 -s 160x96 {options} -an"));
                fs::read(file).unwrap()
            };
            let both = source.with_file_name("both.ts");
            fs::write(&both, [part("one.ts", ""), part("other.ts", other)].concat()).unwrap();
            named(source, "mp4", |file| outside::ffmpeg(&format!("-i {} -c copy", both.display()), file));
        });
        assert_eq!(seen(&joined), (true, false), "{other}");
        assert_eq!(joined.probe("source").decode_errors, 0, "{other}");
    }
}

#[test]
fn negative_offsets_of_frames_are_in_order() {
    let options = "-bf 3 -b_strategy 0 -movflags +negative_cts_offsets";
    let bench: Bench = bench(|source| named(source, "mp4", |file| footage(file, [4.0, 4.0], options)));
    let finished = finish(&bench);
    assert_eq!((finished.source.video.start_ms, finished.plan.picture.frames), (0, 100));
    let [flashes, beeps] = onsets(&finished);
    assert_near(&flashes, &[0.4, 1.4, 2.4, 3.4]);
    assert_near(&beeps, &[0.4, 1.4, 2.4, 3.4]);
}
