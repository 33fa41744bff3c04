//! The films that entrants send.
use std::path::{Path, PathBuf};

use crate::chaos::plan::Fate;
use crate::support::clips;
use crate::support::platforms::faults::Chance;

/// A few real clips; each entry gets one of its own by adding bytes that no player shows.
pub(super) struct Films {
    right: Vec<Vec<u8>>,
    misshapen: Vec<u8>,
}

impl Films {
    pub(super) fn make(dir: &Path) -> Self {
        let clip = |name: &str, picture: &str, seconds: f64| {
            let file: PathBuf = dir.join(format!("{name}.mp4"));
            let picture = format!("{picture}:rate=25,trim=duration={seconds},format=yuv420p");
            let sound = format!("sine=frequency=440:sample_rate=48000:duration={seconds}");
            let inputs = ["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound];
            let codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-c:a", "aac", "-ac", "2"];
            clips::ffmpeg(inputs.iter().chain(&codecs), &file);
            std::fs::read(file).expect("read a clip")
        };
        let right = vec![
            clip("wide", "testsrc2=size=320x180", 2.0),
            clip("tall", "testsrc2=size=180x320", 2.4),
            clip("fractal", "mandelbrot=size=320x180", 2.0),
            clip("life", "life=size=320x180:mold=10:ratio=0.2", 3.0),
        ];
        Self { right, misshapen: clip("misshapen", "testsrc2=size=240x180", 2.0) }
    }

    /// A film that no other entry has: a clip followed by a `free` box with random bytes (ISO 14496-12, 8.1.2). In one
    /// of twelve the box is so large that the upload takes two parts.
    pub(super) fn film(&self, seed: u64, number: usize, fate: Fate) -> Vec<u8> {
        let mut chance = Chance::new(seed ^ (number as u64) << 32);
        let clip = if fate == Fate::Misshapen { &self.misshapen } else { &self.right[number % self.right.len()] };
        let bytes = if number % 12 == 11 { 9 << 20 } else { 20_000 + chance.next() % 300_000 };
        let mut film = clip.clone();
        film.extend(u32::try_from(bytes + 8).expect("a short box").to_be_bytes());
        film.extend(b"free");
        film.extend(std::iter::repeat_with(|| chance.next().to_le_bytes()).flatten().take(bytes as usize));
        film
    }
}
