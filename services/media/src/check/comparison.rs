//! Stills of the same frame of a rendition and of its source, for people to compare: the middle of the picture, unscaled.
//!
//! They are made where quality control compares frames, since it has both decoded. Stills decide nothing, so one that cannot be made is
//! left out.
use std::collections::BTreeMap;
use std::path::PathBuf;

use ffmpeg_next::frame;
use pipeline::object_key::Compared;

use crate::child::protocol::{Still, still_file};
use crate::write::jpeg::{self, Window};

/// Longest side, pixels. Larger pictures are cropped, not scaled.
const MOST_PIXELS: u32 = 1280;
/// JPEG qualities as ffmpeg counts them, the best first, so that artefacts of the encode are not hidden by those of JPEG.
const QUALITIES: [i32; 5] = [2, 4, 7, 12, 20];

/// Where the stills go, and those that were made.
pub(crate) struct Stills {
    dir: PathBuf,
    /// The largest file, bytes.
    most_bytes: u64,
    /// Frames to show, in order.
    frames: Vec<u64>,
    /// The rendition's stills by frame; it is decoded before the source.
    rendition: BTreeMap<u64, Vec<u8>>,
    made: Vec<Still>,
}

impl Stills {
    /// At most `most` pairs, spread over the frames that are compared.
    pub(crate) fn new(dir: PathBuf, most: u32, compared: &[u64], most_bytes: u64) -> Self {
        let count = compared.len().min(most as usize);
        let frames = (0..count).map(|place| compared[compared.len() * (2 * place + 1) / (2 * count)]).collect();
        Self { dir, most_bytes, frames, rendition: BTreeMap::new(), made: Vec::new() }
    }

    /// Whether this frame is shown.
    pub(crate) fn wants(&self, frame: u64) -> bool {
        self.frames.contains(&frame)
    }

    /// Keeps the rendition's frame.
    pub(crate) fn see(&mut self, frame: u64, picture: &frame::Video) {
        if self.wants(frame)
            && let Some(jpeg) = self.jpeg(picture)
        {
            self.rendition.insert(frame, jpeg);
        }
    }

    /// The still of a frame as JPEG, at the best quality within the size limit.
    pub(crate) fn jpeg(&self, picture: &frame::Video) -> Option<Vec<u8>> {
        let part = middle(picture.width(), picture.height());
        let mut converted = jpeg::convert(picture, part, (part.width, part.height)).ok()?;
        let mut encoded = QUALITIES.into_iter().filter_map(|quality| jpeg::encode(&mut converted, quality).ok());
        encoded.find(|bytes| bytes.len() as u64 <= self.most_bytes)
    }

    /// Writes the pair of a frame: `source` is the source's still, `ssim` their likeness.
    pub(crate) fn pair(&mut self, frame: u64, (width, height): (u32, u32), source: &[u8], ssim: f64) {
        let Some(rendition) = self.rendition.remove(&frame) else { return };
        let place = self.made.len();
        let write = |of, bytes: &[u8]| std::fs::write(self.dir.join(still_file(place, of)), bytes).is_ok();
        if write(Compared::Source, source) && write(Compared::Rendition, &rendition) {
            let Window { width, height, .. } = middle(width, height);
            let (source_bytes, rendition_bytes) = (source.len() as u64, rendition.len() as u64);
            self.made.push(Still { frame, width, height, ssim, source_bytes, rendition_bytes });
        }
    }

    /// The pairs that were written.
    pub(crate) fn finish(self) -> Vec<Still> {
        self.made
    }
}

/// The part of a picture that is shown. Its numbers are even, since chroma is subsampled by two.
fn middle(width: u32, height: u32) -> Window {
    let part = |side: u32| side.min(MOST_PIXELS) & !1;
    let from = |side: u32| ((side - part(side)) / 2) & !1;
    Window { x: from(width), y: from(height), width: part(width), height: part(height) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(most: u32, places: u64) -> Vec<u64> {
        let compared: Vec<u64> = (0..places).collect();
        Stills::new(PathBuf::new(), most, &compared, 1 << 20).frames
    }

    #[test]
    fn pairs_are_bounded_and_spread_over_the_work() {
        assert_eq!(chosen(8, 12), [0, 2, 3, 5, 6, 8, 9, 11]);
        assert_eq!(chosen(8, 4), [0, 1, 2, 3]);
        assert_eq!((chosen(0, 12), chosen(8, 0)), (vec![], vec![]));
    }

    #[test]
    fn the_middle_is_shown_pixel_for_pixel() {
        assert_eq!(middle(1920, 1080), Window { x: 320, y: 0, width: 1280, height: 1080 });
        assert_eq!(middle(1080, 1920), Window { x: 0, y: 320, width: 1080, height: 1280 });
        assert_eq!(middle(320, 180), Window { x: 0, y: 0, width: 320, height: 180 });
    }
}
