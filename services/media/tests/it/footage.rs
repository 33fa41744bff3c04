//! Clips that cameras, editors and encoders of other people made: each is measured, planned, made and checked like any entry, and
//! what comes out looks like what went in, frame for frame. `deploy/local/footage.sh` fetches them; `make test` says at its end
//! where it could not, and where it could, each has to be there.
use std::path::PathBuf;

use crate::support::planned::ladders;
use crate::support::{Bench, outside};
use pipeline::media_info::Ratio;
use pipeline::rendition::VideoSource;

/// What a clip is to come out as.
struct Clip {
    name: &'static str,
    size: (u32, u32),
    rate: Ratio,
    frames: u64,
    sound: bool,
}

fn films() -> Option<PathBuf> {
    let films = std::env::var_os("TEST_FOOTAGE").map(PathBuf::from);
    if films.is_none() {
        eprintln!("DID NOT RUN: no real footage here (deploy/local/footage.sh fetches it; TEST_FOOTAGE says where)");
    }
    films
}

/// Makes the clip in two sizes, in segments, and compares.
fn comes_out(clip: &Clip) {
    let Some(films) = films() else { return };
    let bench = Bench::new();
    let film = films.join(clip.name);
    assert!(film.exists(), "{} is missing", film.display());
    std::fs::copy(&film, bench.input("source")).unwrap();
    let finished = bench.finish(&ladders([180, 90], 2), false);
    let first = finished.good();
    assert_eq!(finished.source.decode_errors, 0);
    assert_eq!(finished.source.video.frames, outside::frames(&film), "frames that ffmpeg shows");
    assert_eq!((finished.plan.picture.frame_rate, finished.plan.picture.frames), (clip.rate, clip.frames));
    assert!(finished.plan.segments.len() > 1, "the joins are a part of it");
    assert_eq!((first.planned.width, first.planned.height), clip.size);
    assert_eq!(finished.source.audio.is_some(), clip.sound);
    for rendition in &finished.renditions {
        let (width, height) = (rendition.planned.width, rendition.planned.height);
        assert_eq!(outside::frames(&rendition.file), clip.frames);
        let ssim = outside::ssim(
            &rendition.file,
            &film,
            &format!("scale={width}:{height}:flags=lanczos,setsar=1,fps={}", clip.rate),
        );
        assert!(ssim > 0.93, "{} is like its source by {ssim} only", rendition.planned.name);
        // Some of these have a track of digital silence, which stays silent.
        if finished.source.audio.as_ref().is_some_and(|sound| sound.loudness_lufs.is_some()) {
            let (loudness, peak) = outside::loudness(&rendition.file);
            assert!((loudness + 15.0).abs() <= 2.0 && peak <= -1.9, "{loudness} LUFS, {peak} dBTP");
        }
    }
    // And as a copy, where the planner finds that it may be one.
    let copied = bench.finish(&ladders([180, 90], 0), true);
    let copy = copied.good();
    if copy.planned.video == VideoSource::Copied {
        assert_eq!(outside::frames(&copy.file), outside::frames(&film), "{}", clip.name);
    }
}

const PAL: Ratio = Ratio { num: 25, den: 1 };
const WEB: Ratio = Ratio { num: 30, den: 1 };

#[test]
fn an_animation_with_six_channels() {
    comes_out(&Clip { name: "bigbuckbunny.mp4", size: (320, 180), rate: PAL, frames: 132, sound: true });
}

#[test]
fn a_film_camera_in_wide_screen_without_sound() {
    comes_out(&Clip { name: "bikes.mp4", size: (424, 180), rate: PAL, frames: 250, sound: false });
}

#[test]
fn a_camera_of_broadcast_rate_with_pixels_that_are_not_square() {
    let rate = Ratio { num: 30_000, den: 1001 };
    comes_out(&Clip { name: "carphone_pristine.mp4", size: (192, 144), rate, frames: 120, sound: false });
}

#[test]
fn motion_graphics_in_full_hd() {
    comes_out(&Clip { name: "gradio-a.mp4", size: (320, 180), rate: WEB, frames: 209, sound: true });
}

#[test]
fn a_baseline_film_by_l_smash() {
    comes_out(&Clip { name: "gradio-b.mp4", size: (320, 180), rate: WEB, frames: 150, sound: true });
}

#[test]
fn a_baseline_film_by_core_media_whose_sound_plays_on_for_half_a_second() {
    comes_out(&Clip { name: "gradio-world.mp4", size: (320, 180), rate: WEB, frames: 916, sound: true });
}

#[test]
fn an_mpeg4_film_in_avi() {
    comes_out(&Clip { name: "gradio-b.avi", size: (320, 180), rate: WEB, frames: 151, sound: true });
}
