//! How hard a picture is to encode, as the probe tries it.
use crate::support::Bench;
use media::synth::{Clip, Look, Tone, make};
use pipeline::media_info::{Ratio, Transfer, Trial};

fn tried(clip: &Clip) -> Option<Trial> {
    let bench = Bench::new();
    make(&bench.input("clip"), clip).unwrap();
    bench.probe("clip").video.trial
}

fn of(look: Look) -> Clip {
    Clip { look, tone: Tone::None, ..Clip::default() }
}

#[test]
fn noise_takes_far_more_than_a_picture_that_stands() {
    let (still, noise) = (tried(&of(Look::Still)).unwrap(), tried(&of(Look::NoiseFrom(0))).unwrap());
    assert_eq!((still.width, still.height, still.crf), (320, 180, 23.0));
    assert!(noise.hardest_kbps > 20 * still.hardest_kbps, "{noise:?}, {still:?}");
}

#[test]
fn the_hardest_stretch_is_told_from_the_others() {
    // One stretch from 1 s on, one from 11 s on, and the noise begins between them.
    let trial = tried(&Clip { duration_ms: 12_000, look: Look::NoiseFrom(200), ..of(Look::Still) }).unwrap();
    let easy = tried(&of(Look::NoiseFrom(200))).unwrap();
    assert!(trial.hardest_kbps > 10 * easy.hardest_kbps, "{trial:?}, {easy:?}");
    assert!(
        trial.mean_kbps.abs_diff((trial.hardest_kbps + easy.hardest_kbps) / 2) <= trial.mean_kbps / 10,
        "{trial:?}"
    );
}

#[test]
fn the_same_picture_gives_the_same_figures() {
    assert_eq!(tried(&of(Look::Film)), tried(&of(Look::Film)));
}

#[test]
fn every_kind_of_picture_can_be_tried() {
    let clips = [
        Clip { interlaced: true, ..of(Look::Moving) },
        Clip { ten_bit: true, transfer: Transfer::Pq, ..of(Look::Moving) },
        Clip { pixel_aspect: Ratio::new(64, 45), width: 180, height: 144, rotation_degrees: 90, ..of(Look::Moving) },
        Clip { variable_rate: true, ..of(Look::Moving) },
    ];
    for clip in clips {
        assert!(tried(&clip).is_some_and(|trial| trial.hardest_kbps > 0), "{clip:?}");
    }
}

#[test]
fn a_picture_too_short_for_a_stretch_has_no_figure() {
    assert_eq!(tried(&Clip { duration_ms: 1000, ..of(Look::Moving) }), None);
}
