//! How a source's picture is to be shown, as far as its first frame says.
use pipeline::media_info::{FieldOrder, Ratio, Transfer};
use pipeline::rendition::Picture;

use crate::av::PictureFacts;

/// What has to be known of a source's picture before the first one is scaled.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) facts: PictureFacts,
    pub(crate) rotation_degrees: u32,
    pub(crate) mirrored: bool,
    pub(crate) transfer: Transfer,
    pub(crate) matrix: String,
    pub(crate) full_range: bool,
    /// As people see it.
    pub(crate) display: (u32, u32),
}

impl Shape {
    /// The picture for a scaler that leaves each frame its own time.
    pub(crate) fn picture(&self) -> Picture {
        Picture {
            stream: 0,
            rotation_degrees: self.rotation_degrees,
            mirrored: self.mirrored,
            field_order: FieldOrder::Progressive,
            transfer: self.transfer,
            matrix: self.matrix.clone(),
            full_range: self.full_range,
            frame_rate: Ratio::ONE,
            frames: 0,
            lead_frames: 0,
            hold_frames: 0,
            entry_points: None,
        }
    }

    /// Its size with sides of at most these: brought down, never up; even.
    pub(crate) fn fitted(&self, short_side: u32, long_side: u32) -> (u32, u32) {
        fitted(self.display, short_side, long_side)
    }
}

fn fitted((width, height): (u32, u32), short_side: u32, long_side: u32) -> (u32, u32) {
    let (short, long) = (width.min(height).max(2), width.max(height).max(2));
    let factor = f64::min(f64::from(short_side) / f64::from(short), f64::from(long_side) / f64::from(long)).min(1.0);
    let scaled = |side: u32| ((f64::from(side.max(2)) * factor / 2.0).round() as u32 * 2).max(2);
    (scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_side_is_brought_down_and_never_up() {
        let fitted = |size| fitted(size, 480, 1920);
        assert_eq!(fitted((1920, 1080)), (854, 480));
        assert_eq!(fitted((1080, 1920)), (480, 854));
        assert_eq!(fitted((320, 180)), (320, 180));
        assert_eq!(fitted((16_000, 2)), (1920, 2));
    }
}
