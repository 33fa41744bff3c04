//! The limiter on made signals.
use ebur128::{EbuR128, Mode};

use super::*;

fn peaks(sound: &[[f32; 2]]) -> Vec<f32> {
    let mut peaks = Peaks::new(0.0);
    sound.iter().for_each(|sample| peaks.push(*sample));
    peaks.finish()
}

fn dbtp(db: f64) -> f32 {
    10f64.powf(db / 20.0) as f32
}

fn true_peak(samples: &[[f32; 2]]) -> f64 {
    let mut meter = EbuR128::new(2, 48_000, Mode::TRUE_PEAK).unwrap();
    meter.add_frames_f32(samples.as_flattened()).unwrap();
    20.0 * meter.true_peak(0).unwrap().max(meter.true_peak(1).unwrap()).log10()
}

/// A quarter of the sample rate at 45°: the samples reach 0.71 of what lies between them.
fn tone(amplitude: f32, length: usize) -> Vec<[f32; 2]> {
    let wave = |n: usize| amplitude * ((n as f32 * 0.5 + 0.25) * std::f32::consts::PI).sin();
    (0..length).map(|n| [wave(n), wave(n) * 0.5]).collect()
}

#[test]
fn no_peak_between_samples_passes_the_ceiling() {
    let loud: Vec<_> = [tone(0.2, 4800), tone(3.0, 4800), tone(0.1, 9600), tone(1.5, 300), tone(0.3, 4800)].concat();
    assert!(true_peak(&loud) > 8.0);
    let limited: Vec<_> = Limiter::new(&[dbtp(-2.0)]).run(loud.iter().copied()).collect();
    assert_eq!(limited.len(), loud.len());
    assert!(true_peak(&limited) <= -1.9, "{}", true_peak(&limited));
    let most = peaks(&limited).into_iter().fold(0.0, f32::max);
    assert!((20.0 * f64::from(most).log10() - true_peak(&limited)).abs() < 0.1, "{most}");
}

#[test]
fn a_lower_ceiling_holds_in_its_block_and_is_left_behind() {
    let loud = tone(0.9, 40 * BLOCK);
    let mut ceilings = [dbtp(-2.0); 40];
    ceilings[10] = dbtp(-12.0);
    let limited: Vec<_> = Limiter::new(&ceilings).run(loud.iter().copied()).collect();
    let peaks: Vec<_> = peaks(&limited).into_iter().map(|peak| 20.0 * peak.log10()).collect();
    assert!(peaks[10] < -11.9 && peaks[8] > -2.2 && peaks[39] > -2.2, "{peaks:.1?}");
}

#[test]
fn what_is_below_the_ceiling_passes_unchanged_and_in_time() {
    let quiet = tone(0.5, 5000);
    let limited: Vec<_> = Limiter::new(&[dbtp(-2.0)]).run(quiet.iter().copied()).collect();
    let worst = quiet.iter().zip(&limited).map(|(a, b)| (a[0] - b[0]).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-4, "{worst}");
}
