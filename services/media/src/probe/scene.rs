//! Finds cuts: changes of scene from one picture to the next.
use super::luma::{Difference, Grid};

use crate::read::times::whole_ms;

/// Two pictures of different scenes differ by at least this, in mean levels of 255. Unrelated pictures differ by 20 to 60.
const LEAST: f64 = 12.0;
/// Smallest part of the picture that changes with the scene; a caption, an inset or a lamp changes less.
const LEAST_MOVED: f64 = 0.3;
/// The difference must be this many times the one just before, since fast motion and noise are no changes of scene.
const FACTOR: f64 = 3.0;
/// How much the newest picture counts in "just before". A change itself counts too, so that the pictures after it, which
/// an encoder may leave blurred, are no changes of their own.
const NEWEST: f64 = 0.2;
/// A flash lasts at most this many pictures; after it the scene is the same as before.
const FLASH_FRAMES: u32 = 4;
/// Shortest scene, µs: faster changes are not edits between scenes.
const APART_US: i64 = 250_000;
/// More than the longest work has at two a second; a hostile file could make one of every picture.
const MAX_CHANGES: usize = 2000;

/// Collects changes of scene, picture by picture.
#[derive(Default)]
pub(super) struct Scenes {
    recent: f64,
    pending: Option<Pending>,
    found_us: Vec<i64>,
}

/// What looks like a change until it turns out to be a flash.
struct Pending {
    at_us: i64,
    before: Grid,
    difference: f64,
    frames_left: u32,
}

impl Scenes {
    /// Sees the picture at `at_us` and how it differs from the one `before` it.
    pub(super) fn see(&mut self, at_us: i64, picture: &Grid, before: &Grid, difference: Difference) {
        let moved = difference.moved() >= LEAST_MOVED;
        let difference = difference.mean();
        let usual = self.recent;
        self.recent = usual * (1.0 - NEWEST) + difference * NEWEST;
        if let Some(pending) = &mut self.pending {
            pending.frames_left -= 1;
            if pending.frames_left == 0 {
                self.decide(picture);
            }
            return;
        }
        let far = self.found_us.last().is_none_or(|last| at_us.saturating_sub(*last) >= APART_US);
        if far && moved && difference >= LEAST && difference >= FACTOR * usual && self.found_us.len() < MAX_CHANGES {
            let before = before.clone();
            self.pending = Some(Pending { at_us, before, difference, frames_left: FLASH_FRAMES });
        }
    }

    /// Keeps the pending change unless the picture returns to the one before it.
    fn decide(&mut self, picture: &Grid) {
        let Some(Pending { at_us, before, difference, .. }) = self.pending.take() else { return };
        let now = picture.difference(&before).map_or(0.0, |since| since.mean());
        if now >= LEAST.max(difference / 2.0) {
            self.found_us.push(at_us);
        }
    }

    /// Milliseconds of all changes, in order.
    pub(super) fn finish(self) -> Vec<u64> {
        self.found_us.into_iter().map(whole_ms).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Changes in pictures of one level each, 40 ms apart.
    fn changes(levels: impl IntoIterator<Item = u8>) -> Vec<u64> {
        let mut scenes = Scenes::default();
        let mut before = Grid::default();
        for (index, level) in levels.into_iter().enumerate() {
            let picture = Grid::of(level);
            if let Some(difference) = picture.difference(&before) {
                scenes.see(index as i64 * 40_000, &picture, &before, difference);
            }
            before = picture;
        }
        scenes.finish()
    }

    #[test]
    fn a_jump_is_a_change_and_a_flash_or_a_fade_is_none() {
        assert_eq!(changes((0..100).map(|n| if n < 50 { 60 } else { 120 })), [2000]);
        assert!(changes((0..100).map(|n| if n == 50 || n == 51 { 220 } else { 60 })).is_empty());
        assert!(changes((0..100).map(|n| 50 + n)).is_empty());
    }

    #[test]
    fn what_flickers_all_the_time_changes_no_scene() {
        assert!(changes((0..200).map(|n| if n % 2 == 0 { 60 } else { 120 })).len() <= 1);
    }

    #[test]
    fn a_picture_that_jumps_for_ever_gives_a_bounded_list() {
        let found = changes((0..200_000u32).map(|n| (n / 12 % 2 * 100 + 50) as u8));
        assert_eq!(found.len(), MAX_CHANGES);
        assert!(found.is_sorted());
    }
}
