//! What holds for every rendition of the test ladder: picture, sound, and both in sync.
use std::path::Path;

use super::Finished;
use crate::support::measure::{self, Measured};

/// Largest offset between picture and sound: a quarter of a frame at 25 frames a second, and below what viewers notice.
pub(super) const SYNC_S: f64 = 0.010;

/// What the two rungs of the test ladder are to be, largest first.
pub(super) struct Expected {
    pub(super) sizes: [(u64, u64); 2],
    pub(super) rate: &'static str,
    pub(super) frames: usize,
}

pub(super) const LANDSCAPE: Expected = Expected { sizes: [(320, 180), (160, 90)], rate: "25/1", frames: 75 };
pub(super) const PORTRAIT: Expected = Expected { sizes: [(180, 320), (90, 160)], ..LANDSCAPE };

/// What holds for every rendition, whatever its source.
pub(super) fn check(finished: &Finished, expected: &Expected) {
    assert_eq!(finished.measured.len(), 2, "one file for each rung of the ladder");
    assert_eq!(finished.plan["picture"]["frames"], expected.frames, "the plan: {}", finished.plan["picture"]);
    for ((measured, file), size) in finished.measured.iter().zip(&finished.files).zip(expected.sizes) {
        check_picture(measured, expected, size);
        check_sound(measured, file);
        assert!(measure::is_faststart(file), "{} can be played while it arrives", file.display());
        assert_eq!(measured.streams, 2, "one picture and one sound");
    }
    let [first, second] = &finished.measured[..] else { unreachable!("counted above") };
    assert_eq!(first.picture.key_frame_times, second.picture.key_frame_times, "players may switch at each key frame");
}

pub(super) fn check_picture(measured: &Measured, expected: &Expected, size: (u64, u64)) {
    let picture = &measured.picture;
    let shape = (picture.codec.as_str(), picture.profile.as_str(), picture.pixel_format.as_str());
    assert_eq!(shape, ("h264", "High", "yuv420p"));
    assert_eq!((picture.size, picture.pixel_aspect.as_str()), (size, "1:1"));
    assert_eq!(picture.colour, ["tv", "bt709", "bt709", "bt709"].map(str::to_owned));
    assert_eq!((picture.field_order.as_str(), picture.turned_by_players), ("progressive", false));
    assert_eq!(picture.frame_rate, expected.rate);
    assert_eq!(picture.frame_times.len(), expected.frames);
    let (frames, seconds) = expected.rate.split_once('/').expect("a fraction");
    let rate = frames.parse::<f64>().expect("a number") / seconds.parse::<f64>().expect("a number");
    for (index, time) in picture.frame_times.iter().enumerate() {
        // Time stamps are written with six digits.
        assert!((time - index as f64 / rate).abs() < 2e-5, "frame {index} is shown at {time} s");
    }
    // The ladder's GOP is one second long.
    let keys: Vec<f64> = (0..).map(f64::from).take_while(|time| *time < picture.duration_s - 1e-3).collect();
    let apart = |(is, should): (&f64, &f64)| (is - should).abs() < 1.0 / rate;
    assert!(
        keys.len() == picture.key_frame_times.len() && picture.key_frame_times.iter().zip(&keys).all(apart),
        "key frames at {:?}",
        picture.key_frame_times
    );
    assert!((picture.duration_s - expected.frames as f64 / rate).abs() < 0.002, "{} s of picture", picture.duration_s);
}

pub(super) fn check_sound(measured: &Measured, file: &Path) {
    let sound = measured.sound.as_ref().expect("a sound stream");
    let shape = (sound.codec.as_str(), sound.profile.as_str(), sound.layout.as_str(), sound.sample_rate);
    assert_eq!(shape, ("aac", "LC", "stereo", 48_000));
    // One AAC frame is 21.3 ms.
    assert!(
        (sound.duration_s - measured.picture.duration_s).abs() < 0.022,
        "{sound:?} for {:?}",
        measured.picture.duration_s
    );
    assert!(sound.start_s.abs() < 0.001, "the sound begins at {} s", sound.start_s);
    let (loudness, peak) = measure::loudness(file);
    // What the ladder of the tests asks for. The meters differ by a tenth of a decibel.
    assert!((loudness + 15.0).abs() <= 2.0, "{loudness} LUFS in {}", file.display());
    assert!(peak <= -1.9, "{peak} dBTP in {}", file.display());
}

/// Each flash coincides with its beep, at the time it has in the source.
pub(super) fn check_sync(measured: &Measured, file: &Path, onsets: &[f64]) {
    let (flashes, beeps) = (measure::flashes(file, &measured.picture.frame_times), measure::beeps(file));
    assert_eq!(
        (flashes.len(), beeps.len()),
        (onsets.len(), onsets.len()),
        "{flashes:?} {beeps:?} in {}",
        file.display()
    );
    for ((flash, beep), onset) in flashes.iter().zip(&beeps).zip(onsets) {
        assert!((flash - beep).abs() <= SYNC_S, "flash at {flash} s, beep at {beep} s in {}", file.display());
        assert!((flash - onset).abs() <= SYNC_S, "flash at {flash} s instead of {onset} s in {}", file.display());
    }
}

/// In every file, and in the source first, so that a wrong clip cannot prove anything.
pub(super) fn check_sync_of_all(finished: &Finished, source: &Path, onsets: &[f64]) {
    check_sync(&measure::measure(source), source, onsets);
    for (measured, file) in finished.measured.iter().zip(&finished.files) {
        check_sync(measured, file, onsets);
    }
}
