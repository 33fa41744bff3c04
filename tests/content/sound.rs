//! Sound of every layout, and in sync.
use super::checks::{LANDSCAPE, SYNC_S, check, check_picture};
use super::footage::{BEEP, Footage};
use super::{check_likeness, comes_out, footage, published};
use crate::support::measure;

#[tokio::test(flavor = "multi_thread")]
async fn a_mono_sound_comes_out_on_both_channels_in_sync() {
    let footage = Footage { name: "mono", sound: Some((&[BEEP], "mono")), sample_rate: 44_100, ..Footage::default() };
    let (finished, _) = comes_out(&LANDSCAPE, |dir| footage.make(dir)).await;
    for file in &finished.files {
        let [left, right] = measure::stereo(file);
        let [left, right] = [left, right].map(|samples| measure::tone(&samples, 1000.0));
        assert!(left > 0.01 && (left / right - 1.0).abs() < 0.02, "{left} on the left, {right} on the right");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn six_channels_come_out_as_two_with_each_speaker_on_its_side() {
    // Left, right, centre, bass, left and right behind; each with a tone of its own.
    let channels =
        ["0.1*sin(2*PI*400*t)", "0.1*sin(2*PI*700*t)", BEEP, "0", "0.1*sin(2*PI*1700*t)", "0.1*sin(2*PI*2300*t)"];
    let channels: &'static [&'static str] = channels.to_vec().leak();
    let footage = Footage { name: "surround", sound: Some((channels, "5.1")), ..Footage::default() };
    let finished = published(|dir| footage.make(dir)).await;
    check(&finished, &LANDSCAPE);
    for file in &finished.files {
        let [left, right] = measure::stereo(file);
        let heard = |samples: &[f32]| [400.0, 1700.0, 1000.0, 700.0, 2300.0].map(|hertz| measure::tone(samples, hertz));
        let [l_front, l_back, l_centre, l_other_front, l_other_back] = heard(&left);
        let [r_other_front, r_other_back, r_centre, r_front, r_back] = heard(&right);
        for (name, here, there) in [
            ("front left", l_front, r_other_front),
            ("back left", l_back, r_other_back),
            ("front right", r_front, l_other_front),
            ("back right", r_back, l_other_back),
        ] {
            assert!(here > 0.005 && here > 20.0 * there, "{name}: {here} on its side and {there} on the other");
        }
        assert!(l_centre > 0.005 && (l_centre / r_centre - 1.0).abs() < 0.05, "the centre: {l_centre} and {r_centre}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_without_sound_comes_out_with_a_silent_track() {
    let footage = Footage { name: "mute", sound: None, ..Footage::default() };
    let finished = published(|dir| footage.make(dir)).await;
    for (measured, (file, size)) in finished.measured.iter().zip(finished.files.iter().zip(LANDSCAPE.sizes)) {
        check_picture(measured, &LANDSCAPE, size);
        let sound = measured.sound.as_ref().expect("a silent track");
        assert_eq!((sound.layout.as_str(), sound.sample_rate), ("stereo", 48_000));
        assert!((sound.duration_s - measured.picture.duration_s).abs() < 0.022, "{sound:?}");
        let [left, right] = measure::stereo(file);
        assert!(left.iter().chain(&right).all(|sample| *sample == 0.0), "digital silence");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_that_begins_later_than_the_picture_stays_in_sync() {
    let (finished, source) = comes_out(&LANDSCAPE, |dir| footage::with_late_sound(&Footage::default().make(dir))).await;
    let sound = measure::measure(&source).sound.expect("a sound");
    assert!(sound.start_s > 0.1, "the source's sound begins later: {sound:?}");
    check_likeness(&finished, &source);
}

/// The picture is the clock: the output begins with its first frame, and earlier sound is cut.
#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_begins_later_than_the_sound_stays_in_sync() {
    let finished = published(|dir| footage::with_late_picture(&Footage::default().make(dir))).await;
    check(&finished, &LANDSCAPE);
    for (measured, file) in finished.measured.iter().zip(&finished.files) {
        let (flashes, beeps) = (measure::flashes(file, &measured.picture.frame_times), measure::beeps(file));
        // The source's beeps are a fifth of a second before its flashes, and stay so.
        for (flash, beep) in flashes.iter().zip(&beeps) {
            assert!((flash - beep - 0.2).abs() <= SYNC_S, "flashes {flashes:?}, beeps {beeps:?} in {}", file.display());
        }
        assert_eq!((flashes.len(), beeps.len()), (3, 3), "{flashes:?} {beeps:?}");
    }
}
