//! Where sound begins and ends.
use super::*;

const BLOCK: i64 = 1024;

/// Sound whose samples are their own positions, and blocks that `target` places.
fn decoded(blocks: i64, target: impl Fn(i64) -> i64) -> (Stereo, Vec<Block>) {
    let sound = (0..blocks * BLOCK).map(|n| [n as f32; 2]).collect();
    let blocks = (0..blocks).map(|n| Block { at: n * BLOCK, target: target(n) }).collect();
    (sound, blocks)
}

fn placed(blocks: i64, wanted: usize, target: impl Fn(i64) -> i64) -> Vec<f32> {
    let (sound, blocks) = decoded(blocks, target);
    let placed = place(sound, &blocks, wanted);
    assert_eq!(placed.len(), wanted);
    placed.into_iter().map(|pair| pair[0]).collect()
}

#[test]
fn sound_in_time_is_not_touched_and_jitter_is_not_followed() {
    let jitter = |n: i64| n * BLOCK + [0, 40, -30, 45, 900][n as usize % 5];
    let placed = placed(100, 102_400, jitter);
    // One constant offset for all: each sample is a source sample.
    assert!(placed.windows(2).all(|pair| pair[1] - pair[0] == 1.0 || pair[1] == 0.0), "a sample was cut or filled");
    assert!((placed[50_000] - 50_000.0).abs() < 60.0, "{}", placed[50_000]);
}

#[test]
fn early_and_late_sound_is_cut_and_padded() {
    let early = placed(10, 5000, |n| n * BLOCK - 3000);
    assert_eq!((early[0], early[4999]), (3000.0, 7999.0));
    let late = placed(10, 5000, |n| n * BLOCK + 3000);
    assert_eq!((late[2999], late[3000], late[4999]), (0.0, 0.0, 1999.0));
    assert_eq!((late[3001], placed(0, 4, |n| n)), (1.0, vec![0.0; 4]));
    assert_eq!(placed(10, 100, |_| i64::MAX), vec![0.0; 100]);
    assert_eq!(placed(10, 100, |_| i64::MIN), vec![0.0; 100]);
}

#[test]
fn a_lost_packet_leaves_a_hole_where_it_was() {
    let placed = placed(60, 70_000, |n| (n + i64::from(n >= 30)) * BLOCK);
    assert_eq!((placed[30 * 1024 - 1], placed[30 * 1024], placed[31 * 1024 - 1]), (30.0 * 1024.0 - 1.0, 0.0, 0.0));
    assert_eq!(placed[31 * 1024 + 5], 30.0 * 1024.0 + 5.0);
}

#[test]
fn a_slow_clock_is_followed_to_its_end() {
    // 0.1 % slow with jitter: after 21 s it is 21 ms late.
    let target = |n: i64| n * BLOCK + n * BLOCK / 1000 + [0, 30, -30][n as usize % 3];
    let placed = placed(1000, 1_030_000, target);
    for block in [5, 250, 500, 750, 995i64] {
        let at = (block * BLOCK + block * BLOCK / 1000) as usize;
        let heard = f64::from(placed[at]);
        assert!(
            (heard - (block * BLOCK) as f64).abs() < 48.0,
            "block {block} is off by {}",
            heard - (block * BLOCK) as f64
        );
    }
}
