//! Sound that is read before the first picture is decoded, and so has no place yet.
use std::collections::VecDeque;

use ffmpeg_next::frame;

use crate::av;

/// Samples that wait at most, all channels together: two minutes of stereo. Where a file holds more of it before the first
/// picture, the oldest is left out.
const MOST: usize = 2 * 120 * 48_000;

/// Blocks of sound in the order of reading, each with its time on the file's timeline in µs.
#[derive(Default)]
pub(super) struct Waiting {
    blocks: VecDeque<(frame::Audio, Option<i64>)>,
    samples: usize,
}

impl Waiting {
    /// Takes a block; its content moves here.
    pub(super) fn add(&mut self, block: &mut frame::Audio, at_us: Option<i64>) {
        let block = std::mem::replace(block, frame::Audio::empty());
        self.samples += samples(&block);
        self.blocks.push_back((block, at_us));
        while self.samples > MOST {
            let Some((oldest, _)) = self.blocks.pop_front() else { return };
            self.samples -= samples(&oldest);
        }
    }

    /// The oldest block.
    pub(super) fn next(&mut self) -> Option<(frame::Audio, Option<i64>)> {
        self.blocks.pop_front()
    }
}

fn samples(block: &frame::Audio) -> usize {
    block.samples() * av::sound_facts(block).channels as usize
}
