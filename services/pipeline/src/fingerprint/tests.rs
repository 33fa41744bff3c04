//! Which copies are found, on synthetic films: moving waves that differ in each scene.
use std::f32::consts::TAU;

use super::*;

/// A small generator (xorshift), so that films are the same each time.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn part(&mut self) -> f32 {
        (self.next() & 0xffff) as f32 / 65536.0
    }
}

const SCENE_MS: u64 = 3000;

/// Brightness of film `seed` at a position of its picture, 0 to 1 across and down, at a time.
fn scene(seed: u64, at_ms: u64) -> impl Fn(f32, f32) -> f32 {
    let mut dice = Dice::new(seed * 1000 + at_ms / SCENE_MS + 1);
    let t = (at_ms % SCENE_MS) as f32 / SCENE_MS as f32;
    let waves: Vec<[f32; 4]> = (0..10)
        .map(|_| {
            let [across, down, phase, drift, strength] = std::array::from_fn(|_| dice.part());
            let (across, down) = (across * 8.0 - 4.0, down * 8.0 - 4.0);
            let height = (8.0 + 24.0 * strength) * 3.0 / (1.0 + across.abs() + down.abs());
            [across * TAU, down * TAU, (phase + (drift - 0.5) * 0.5 * t) * TAU, height]
        })
        .collect();
    move |x, y| {
        120.0
            + waves
                .iter()
                .map(|[across, down, phase, height]| height * (across * x + down * y + phase).cos())
                .sum::<f32>()
    }
}

/// A changed picture of the film: `place` maps a position of this picture to a position of the film, or to none.
fn shown(size: (usize, usize), level: impl Fn(f32, f32) -> Option<f32>) -> Luma {
    let (width, height) = size;
    let at = |index: usize| ((index % width) as f32 + 0.5, (index / width) as f32 + 0.5);
    let pixel = |index: usize| {
        let (x, y) = at(index);
        level(x / width as f32, y / height as f32).unwrap_or(16.0).clamp(16.0, 235.0) as u8
    };
    Luma { width, height, data: (0..width * height).map(pixel).collect() }
}

type Show = fn(&dyn Fn(f32, f32) -> f32) -> Luma;

fn film(seed: u64, from_ms: u64, to_ms: u64, show: Show) -> Fingerprint {
    let mut album = Album::default();
    for at_ms in (from_ms..to_ms).step_by(40) {
        if album.wants(at_ms - from_ms) {
            album.add(at_ms - from_ms, show(&scene(seed, at_ms)));
        }
    }
    Fingerprint::new(album, Vec::new())
}

fn plain(scene: &dyn Fn(f32, f32) -> f32) -> Luma {
    shown((80, 45), |x, y| Some(scene(x, y)))
}

fn cropped(scene: &dyn Fn(f32, f32) -> f32) -> Luma {
    shown((80, 45), |x, y| Some(scene(0.05 + 0.9 * x, 0.05 + 0.9 * y)))
}

fn with_logo(scene: &dyn Fn(f32, f32) -> f32) -> Luma {
    shown((80, 45), |x, y| Some(if x > 0.85 && y < 0.15 { 235.0 } else { scene(x, y) }))
}

fn upright_crop(scene: &dyn Fn(f32, f32) -> f32) -> Luma {
    let kept = 81.0 / 256.0;
    shown((45, 80), |x, y| Some(scene(0.5 + (x - 0.5) * kept, y)))
}

fn letterboxed(scene: &dyn Fn(f32, f32) -> f32) -> Luma {
    let kept = 81.0 / 256.0;
    shown((45, 80), |x, y| {
        let y = 0.5 + (y - 0.5) / kept;
        (0.0..1.0).contains(&y).then(|| scene(x, y))
    })
}

fn on_its_own_blur(scene: &dyn Fn(f32, f32) -> f32) -> Luma {
    let kept = 81.0 / 256.0;
    shown((45, 80), |x, y| {
        let inner = 0.5 + (y - 0.5) / kept;
        Some(if (0.0..1.0).contains(&inner) { scene(x, inner) } else { scene(0.5 + (x - 0.5) * 0.2, y) * 0.6 })
    })
}

fn words_in_common(work: &Fingerprint, other: &Fingerprint) -> usize {
    work.probes.iter().filter(|word| other.tokens.binary_search(word).is_ok()).count()
}

#[test]
fn a_film_is_found_again_however_it_is_shown() {
    let original = film(1, 0, 45_000, plain);
    assert_eq!(original.picture.len(), 90);
    let shows: [(&str, Show); 6] = [
        ("as it is", plain),
        ("cropped", cropped),
        ("with a logo", with_logo),
        ("cropped upright", upright_crop),
        ("letterboxed", letterboxed),
        ("on its own blur", on_its_own_blur),
    ];
    for (name, show) in shows {
        // Off the grid by a fifth of a second, and the ends cut off.
        let copy = film(1, 9200, 36_000, show);
        let (words, back) = (words_in_common(&copy, &original), words_in_common(&original, &copy));
        assert!(words >= 4 && back >= 4, "{name}: {words} and {back} words in common");
        let found = compare(&copy, &original).picture.unwrap_or_else(|| panic!("{name} was not recognised"));
        assert!(found.covered_percent >= 80, "{name}: {found:?}");
        let (first, last) = (found.ranges[0], found.ranges[found.ranges.len() - 1]);
        assert!(first.other_start_ms.abs_diff(first.start_ms + 9200) <= 500, "{name}: {first:?}");
        assert!(last.end_ms >= 24_000 && last.other_end_ms.abs_diff(last.end_ms + 9200) <= 500, "{name}: {last:?}");
    }
}

#[test]
fn films_that_have_nothing_to_do_with_each_other_do_not_match() {
    let works: Vec<Fingerprint> = (10..18).map(|seed| film(seed, 0, 30_000, plain)).collect();
    for (index, work) in works.iter().enumerate() {
        for other in &works[..index] {
            assert_eq!(compare(work, other), Likeness::default());
        }
    }
}

#[test]
fn a_shared_intro_is_found_with_its_range_and_is_no_whole_work() {
    let mut album = Album::default();
    for at_ms in (0..40_000).step_by(500) {
        album.add(at_ms, plain(&scene(if at_ms < 10_000 { 1 } else { 2 }, at_ms)));
    }
    let found = compare(&Fingerprint::new(album, Vec::new()), &film(1, 0, 40_000, plain)).picture.unwrap();
    assert!((20..=30).contains(&found.covered_percent), "{found:?}");
    assert!(found.ranges[0].start_ms == 0 && found.ranges[0].end_ms.abs_diff(10_000) <= 2000, "{found:?}");
}

#[test]
fn black_and_still_pictures_match_nothing() {
    let black: Show = |_| shown((80, 45), |_, _| None);
    let one_picture: Show = |_| plain(&scene(5, 0));
    for show in [black, one_picture] {
        let (work, other) = (film(1, 0, 20_000, show), film(2, 0, 20_000, show));
        assert_eq!(compare(&work, &other).picture, None);
    }
    assert!(film(1, 0, 20_000, black).tokens.is_empty(), "black is no word");
}

#[test]
fn a_picture_is_turned_as_its_display_matrix_says() {
    let stored = Luma { width: 3, height: 2, data: vec![1, 2, 3, 4, 5, 6] };
    let turned = |degrees, mirrored| stored.clone().upright(degrees, mirrored);
    assert_eq!(turned(90, false), Luma { width: 2, height: 3, data: vec![4, 1, 5, 2, 6, 3] });
    assert_eq!(turned(180, false).data, [6, 5, 4, 3, 2, 1]);
    assert_eq!(turned(270, false), Luma { width: 2, height: 3, data: vec![3, 6, 2, 5, 1, 4] });
    assert_eq!(turned(0, true).data, [3, 2, 1, 6, 5, 4]);
}

#[test]
fn frames_that_are_missing_are_the_ones_before() {
    let mut album = Album::default();
    album.add(0, plain(&scene(1, 0)));
    assert!(!album.wants(499) && album.wants(500));
    album.add(1700, plain(&scene(1, 1700)));
    let picture = Fingerprint::new(album, Vec::new()).picture;
    assert_eq!(picture.len(), 4);
    assert!(picture[0] == picture[1] && picture[1] == picture[2] && picture[2] != picture[3]);
}

fn items(seed: u64, count: usize) -> Vec<u32> {
    let mut dice = Dice::new(seed);
    (0..count).map(|_| dice.next() as u32).collect()
}

fn sounding(sound: Vec<u32>) -> Fingerprint {
    Fingerprint::new(Album::default(), sound)
}

#[test]
fn a_sound_is_found_again_though_a_fifth_of_its_bits_changed() {
    let original = items(1, 480);
    let mut dice = Dice::new(99);
    let flip = |item: &u32, dice: &mut Dice| (0..32).fold(*item, |it, bit| it ^ u32::from(dice.part() < 0.2) << bit);
    let copy: Vec<u32> = original[80..400].iter().map(|item| flip(item, &mut dice)).collect();
    let found = compare(&sounding(copy), &sounding(original.clone())).sound.unwrap();
    assert!(found.covered_percent >= 90, "{found:?}");
    let range = found.ranges[0];
    assert!((range.other_start_ms - range.start_ms).abs_diff(80 * ITEM_US / 1000) < 130, "{range:?}");
    assert_eq!(compare(&sounding(items(2, 480)), &sounding(original)).sound, None);
}

#[test]
fn silence_and_held_tones_match_nothing() {
    let (silence, tone) = (vec![627_964_279; 400], [7, 9].repeat(200));
    for sound in [silence, tone] {
        assert_eq!(compare(&sounding(sound.clone()), &sounding(sound)).sound, None);
    }
}

#[test]
fn what_is_stored_is_what_is_compared() {
    let mut work = film(3, 0, 5000, plain);
    work.sound = items(3, 40);
    let stored = Fingerprint::from_bytes(&work.picture_bytes(), &work.sound_bytes());
    assert_eq!((stored.picture, stored.sound), (work.picture, work.sound));
}

#[test]
fn a_long_work_has_no_more_words_than_the_index_takes() {
    let mut long = film(1, 0, 400_000, plain);
    let album = Album::default();
    long.sound = items(1, 4000);
    let heard = Fingerprint::new(album, long.sound.clone());
    assert!(long.tokens.len() <= 384 && heard.tokens.len() == 128 && long.probes.len() <= 384 * 8);
    assert!(long.tokens.windows(2).all(|pair| pair[0] < pair[1]));
}
