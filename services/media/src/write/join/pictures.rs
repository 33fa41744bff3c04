//! Where the packets of a finished file's picture come from.
use ffmpeg_next as ffmpeg;
use pipeline::media_info::Ratio;

use crate::child::protocol::{Limits, Overdrawn};
use crate::error::Result;

/// Packets of a picture, ready for the muxer.
pub(super) trait Pictures {
    /// The next packet, its stamps in `base`.
    fn next(&mut self, limits: &Limits) -> Result<Option<ffmpeg::Packet>>;
    /// Ticks of the packets' stamps.
    fn base(&self) -> (i32, i32);
    /// How the stream is set up.
    fn parameters(&self) -> ffmpeg::codec::Parameters;
    /// Frames a second, where it is constant.
    fn rate(&self) -> Option<Ratio>;
    /// How much was read, 0 to 1.
    fn done(&self) -> f64;
    /// After the last packet: the segments that break the cap.
    fn overdrawn(&mut self) -> Vec<Overdrawn>;
}
