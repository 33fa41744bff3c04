//! The likeness of pictures.
use super::*;

fn luma(width: usize, height: usize, level: impl Fn(usize, usize) -> u8) -> Luma {
    let levels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| level(x, y)).collect();
    Luma { width, height, levels }
}

fn close(one: &Luma, other: &Luma, expected: f64) {
    let measured = ssim(one, other).unwrap();
    assert!((measured - expected).abs() < 1e-6, "{measured}, expected {expected}");
}

#[test]
fn values_that_follow_from_the_formula() {
    let grey = |level| luma(16, 16, move |_, _| level);
    close(&grey(100), &grey(100), 1.0);
    // Flat pictures differ in brightness only: (2·100·120 + C1) / (100² + 120² + C1).
    close(&grey(100), &grey(120), (24_000.0 + C1) / (24_400.0 + C1));
    let stripes = |low, high| luma(32, 16, move |x, _| if x % 2 == 0 { low } else { high });
    close(&stripes(90, 110), &stripes(90, 110), 1.0);
    // The same stripes the other way round: mean 100, variance 100·64/63, covariance its negative.
    let variance = 100.0 * 64.0 / 63.0;
    close(&stripes(90, 110), &stripes(110, 90), (C2 - 2.0 * variance) / (C2 + 2.0 * variance));
    // Half the contrast: covariance 50, variances 100 and 25.
    let expected = (variance + C2) / (1.25 * variance + C2);
    close(&stripes(90, 110), &stripes(95, 105), expected);
}

#[test]
fn it_is_what_ffmpegs_filter_measures() {
    // `ffmpeg -lavfi ssim` (5.1.9) says Y:0.692413 of two gray pictures of these levels. Its first constant is smaller.
    let one = luma(64, 48, |x, y| ((x * 7 + y * 13) % 256) as u8);
    let other = luma(64, 48, |x, y| ((x * 7 + y * 13 + x * y % 31) % 256) as u8);
    let measured = ssim(&one, &other).unwrap();
    assert!((measured - 0.692_413).abs() < 1e-4, "{measured}");
}

#[test]
fn noise_is_told_from_pictures_and_a_dull_encode_of_it_from_a_foreign_picture() {
    let random = |x: usize, y: usize| ((x * 2_654_435_761 + y * 40_503 * 2_246_822_519) >> 13) as u8;
    let noise = luma(160, 96, |x, y| 68 + random(x, y) % 120);
    let bars = luma(160, 96, |x, y| (x / 20 * 30 + y / 12) as u8);
    assert!(noise.is_noise() && !bars.is_noise());
    // Of the noise an encode at its cap keeps the mean.
    let dull = luma(160, 96, |_, _| 128);
    let afar = |one: &Luma, other: &Luma| one.likeness_from_afar(other).unwrap();
    assert!(afar(&dull, &noise) > 0.75, "{}", afar(&dull, &noise));
    assert!(afar(&bars, &noise) < 0.75, "{}", afar(&bars, &noise));
    assert_eq!(luma(20, 20, |_, _| 1).likeness_from_afar(&luma(20, 20, |_, _| 1)), None);
}

#[test]
fn unlike_sizes_and_tiny_pictures_are_not_compared() {
    let flat = |width, height| luma(width, height, |_, _| 50);
    assert_eq!(ssim(&flat(16, 16), &flat(16, 18)), None);
    assert_eq!(ssim(&flat(6, 16), &flat(6, 16)), None);
    assert!(ssim(&flat(9, 11), &flat(9, 11)).is_some());
}
