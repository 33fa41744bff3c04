//! The packets of a rendition's picture: their sizes, and which of them are key frames.
use std::path::Path;

use pipeline::media_info::Ratio;
use pipeline::rendition::VideoEncode;

use crate::child::protocol::Limits;
use crate::error::{Error, Result};
use crate::read::decode::Tally;
use crate::read::nal::Framing;
use crate::read::source::Source;
use crate::read::tracks;
use crate::write::bucket::Bucket;

/// The picture's packets, in the order of decoding.
pub(super) struct Packets {
    /// Size of each in bits.
    pub(super) frames: Vec<u64>,
    /// Which frames, in the order of showing, are key frames.
    pub(super) keys: Vec<u64>,
    pub(super) first_is_idr: bool,
}

impl Packets {
    pub(super) fn read(path: &Path, limits: &Limits) -> Result<Self> {
        let mut source = Source::open(path, limits)?;
        let missing = || Error::Failed("the finished file has no picture".into());
        let index = tracks::choice(&source).picture.ok_or_else(missing)?;
        source.keep_only(&[index]);
        let framing = Framing::of(&source.extradata(index));
        let mut tally = Tally::default();
        let (mut frames, mut shown) = (Vec::new(), Vec::new());
        let mut first_is_idr = false;
        while let Some(packet) = tally.next(&mut source, limits)? {
            if packet.stream() != index {
                continue;
            }
            if frames.is_empty() {
                first_is_idr = packet.data().is_some_and(|data| framing.has_idr(data));
            }
            frames.push(packet.size() as u64 * 8);
            shown.push((packet.pts().unwrap_or(i64::MIN), packet.is_key()));
        }
        shown.sort_unstable();
        let keys = shown.iter().enumerate().filter(|(_, (_, key))| *key).map(|(index, _)| index as u64).collect();
        Ok(Self { frames, keys, first_is_idr })
    }

    /// Emptiest moment of the decoder's buffer in kbit, and at which frame of the order of decoding.
    pub(super) fn lowest_fill(&self, encode: &VideoEncode, rate: Ratio) -> (usize, f64) {
        let mut bucket = Bucket::new(encode, rate, encode.buffer_start);
        let fills = self.frames.iter().map(|bits| bucket.take(*bits)).enumerate();
        fills.min_by(|(_, one), (_, other)| one.total_cmp(other)).unwrap_or_default()
    }
}
