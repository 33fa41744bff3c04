//! The decoder's buffer as a leaky bucket (H.264 annex C): what arrives at the cap's rate, a picture takes at once.
//!
//! x264 keeps to it within one segment. Joined, a segment finds in the bucket what the one before it left, which may be less than
//! it was encoded for; the joined stream is therefore poured through the bucket again, when it is joined and when it is checked.
use pipeline::media_info::Ratio;
use pipeline::rendition::VideoEncode;

use crate::child::protocol::Overdrawn;

/// x264 does not count the muxer's length fields; a hundredth of the bucket is far more than they are.
pub(crate) const TOLERANCE: f64 = 0.01;

/// The buffer while pictures are taken from it, in kbit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    size: f64,
    per_frame: f64,
    fill: f64,
}

impl Bucket {
    /// The bucket of `encode` at `rate` frames a second, filled to `start` (0 to 1).
    pub(crate) fn new(encode: &VideoEncode, rate: Ratio, start: f64) -> Self {
        let size = f64::from(encode.buffer_kbit);
        let per_frame = f64::from(encode.max_bitrate_kbps) / rate.value();
        Self { size, per_frame, fill: size * start.clamp(0.0, 1.0) }
    }

    /// Takes a picture of `bits`; what is then left, in kbit. Below 0 it came too late for its time.
    pub(crate) fn take(&mut self, bits: u64) -> f64 {
        let left = self.fill - bits as f64 / 1000.0;
        self.fill = (left + self.per_frame).min(self.size);
        left
    }

    /// How full it is, as a part of its size.
    pub(crate) fn part(&self) -> f64 {
        self.fill / self.size.max(1.0)
    }
}

/// Which segments of a joined stream take more than is there.
pub(crate) struct Seams {
    encode: VideoEncode,
    rate: Ratio,
    /// The joined stream's.
    real: Bucket,
    /// As the encoder of the segment saw it.
    own: Bucket,
    /// The segment under way: its index, what the real bucket held at its seam, and its lowest point.
    current: Option<(u32, f64, f64)>,
    overdrawn: Vec<Overdrawn>,
}

impl Seams {
    /// For a stream of `encode`, whose first segment was encoded for a bucket filled to `start`.
    pub(crate) fn new(encode: &VideoEncode, rate: Ratio, start: f64) -> Self {
        let bucket = Bucket::new(encode, rate, start);
        Self { encode: encode.clone(), rate, real: bucket, own: bucket, current: None, overdrawn: Vec::new() }
    }

    /// Segment `index` begins, which was encoded for a bucket filled to `start`.
    pub(crate) fn begin(&mut self, index: u32, start: f64) {
        self.end();
        self.own = Bucket::new(&self.encode, self.rate, start);
        self.current = Some((index, self.real.part(), f64::INFINITY));
    }

    /// The next picture of the segment takes `bits`.
    pub(crate) fn take(&mut self, bits: u64) {
        self.own.take(bits);
        let left = self.real.take(bits);
        if let Some((_, _, lowest)) = &mut self.current {
            *lowest = lowest.min(left);
        }
    }

    fn end(&mut self) {
        let Some((segment, held, lowest_kbit)) = self.current.take() else { return };
        if lowest_kbit >= 0.0 {
            return;
        }
        self.overdrawn.push(Overdrawn { segment, held, lowest_kbit });
        // It will be encoded again, for what is really there. How it leaves the bucket then is not known; what its encoder meant
        // to leave is the best guess, so that the segments after it are not blamed for it.
        self.real.fill = self.real.fill.max(self.own.fill).max(self.real.per_frame);
    }

    /// All segments that take too much.
    pub(crate) fn finish(&mut self) -> Vec<Overdrawn> {
        self.end();
        std::mem::take(&mut self.overdrawn)
    }
}

#[cfg(test)]
mod tests;
