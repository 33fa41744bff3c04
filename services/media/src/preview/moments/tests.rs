//! Which moments a preview marks.
use super::*;

fn flat(level: u8) -> Vec<u8> {
    vec![level; COLUMNS * ROWS]
}

/// A picture of its own for each number.
fn scene(number: usize) -> Vec<u8> {
    (0..COLUMNS * ROWS)
        .map(|at| if (at % COLUMNS / 8 + at / COLUMNS / 8 * 3 + number * 5) % 7 < 3 { 200 } else { 60 })
        .collect()
}

fn show(moments: &mut Moments, from_ms: i64, to_ms: i64, mut picture: impl FnMut(i64) -> (f64, Vec<u8>)) {
    for ms in (from_ms..to_ms).step_by(200) {
        let (sharpness, grid) = picture(ms);
        moments.add(ms * 1000, sharpness, grid);
    }
}

#[test]
fn black_cuts_and_dissolves_are_left_out() {
    let mut moments = Moments::default();
    show(&mut moments, 0, 1000, |_| (900.0, flat(16)));
    show(&mut moments, 1000, 3000, |_| (100.0, scene(0)));
    // The dissolve is as sharp as can be, and yet none of it is taken.
    show(&mut moments, 3000, 4000, |ms| {
        let mix = |(a, b): (u8, u8)| ((i64::from(a) * (4000 - ms) + i64::from(b) * (ms - 3000)) / 1000) as u8;
        (900.0, scene(0).into_iter().zip(scene(1)).map(mix).collect())
    });
    show(&mut moments, 4000, 6000, |_| (100.0, scene(1)));
    show(&mut moments, 6000, 8000, |_| (120.0, scene(2)));
    let best = moments.best(8_000_000);
    assert_eq!(best.len(), 3, "one for each scene: {best:?}");
    assert!(best[0] > 6000, "the sharpest scene first: {best:?}");
    for at in &best {
        let calm = [1400..2600, 4400..5600, 6400..8000].iter().any(|scene| scene.contains(at));
        assert!(calm, "not so near to a cut: {best:?}");
    }
}

#[test]
fn they_are_spread_and_the_same_every_time() {
    let work = || {
        let mut moments = Moments::default();
        show(&mut moments, 0, 80_000, |ms| (100.0 + (ms / 5000) as f64, scene((ms / 5000) as usize)));
        moments.best(80_000_000)
    };
    let best = work();
    assert_eq!(best, work());
    let mut stretches: Vec<u64> = best.iter().map(|at| at / 10_000).collect();
    stretches.sort_unstable();
    stretches.dedup();
    assert_eq!(stretches.len(), best.len());
    assert!(best.len() >= 5, "{best:?}");
}

#[test]
fn of_nothing_but_black_there_is_none_and_hours_are_bounded() {
    let mut moments = Moments::default();
    show(&mut moments, 0, 4_000_000, |_| (1.0, flat(16)));
    assert!(moments.best(4_000_000_000).is_empty());
    assert!(moments.seen.len() < MOST);
}
