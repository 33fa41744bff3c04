//! Times and places of a storyboard's pictures.
use super::*;

fn shown(seconds: impl Iterator<Item = i64>) -> Storyboard {
    let mut storyboard = Storyboard::new((320, 180)).unwrap();
    for second in seconds {
        let mut picture = frame::Video::new(format::Pixel::YUV420P, 320, 180);
        picture.data_mut(0).fill((second % 200) as u8 + 16);
        (1..3).for_each(|plane| picture.data_mut(plane).fill(128));
        storyboard.see(&picture, second * 1_000_000).unwrap();
    }
    storyboard
}

/// Whether tile n shows what was seen at this second: its brightness, in JPEG's range, up to rounding.
fn shows(storyboard: &Storyboard, tile: usize, second: i64) -> bool {
    let level = f64::from(storyboard.tiles[tile].data(0)[0]) * 219.0 / 255.0;
    (level - second as f64).abs() < 1.5
}

#[test]
fn a_long_work_has_no_more_tiles_and_each_at_its_time() {
    let storyboard = shown(0..190);
    assert_eq!((storyboard.tiles.len(), storyboard.step_us), (95, 2_000_000));
    for tile in 0..95 {
        assert!(shows(&storyboard, tile, 2 * tile as i64), "tile {tile}");
    }
    assert_eq!(storyboard.sheet().height(), 900);
}

#[test]
fn a_still_that_stays_is_shown_as_long() {
    let mut storyboard = shown([0, 5, 30, 35].into_iter());
    storyboard.repeat_until(40_000_000);
    assert_eq!(storyboard.tiles.len(), 40);
    for tile in 0..40 {
        let second = [0, 5, 30, 35].into_iter().rfind(|second| *second <= tile).unwrap();
        assert!(shows(&storyboard, tile as usize, second), "tile {tile}");
    }
    let cues = storyboard.cues(40_200_000);
    assert!(cues.ends_with("00:00:39.000 --> 00:00:40.200\nstoryboard.jpg#xywh=1440,270,160,90\n"), "{cues}");
}
