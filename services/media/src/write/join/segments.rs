//! The picture as segments of one encode, put together without a seam.
use ffmpeg_next as ffmpeg;
use pipeline::media_info::Ratio;
use pipeline::rendition::{Segment, VideoEncode};

use super::pictures::Pictures;
use crate::av;
use crate::child::protocol::{Limits, Overdrawn, Request, SegmentInput};
use crate::error::{Error, Result};
use crate::picture::encode::time_base;
use crate::read::decode::Tally;
use crate::read::source::Source;
use crate::write::bucket::Seams;

/// The segments of one encode, one after the other.
pub(super) struct Joined {
    sources: std::vec::IntoIter<(Source, SegmentInput)>,
    current: Option<(Source, Stretch)>,
    seams: Seams,
    parameters: ffmpeg::codec::Parameters,
    rate: Ratio,
    base: (i32, i32),
    tally: Tally,
    last_dts: i64,
    frames: u64,
}

impl Joined {
    /// Opens all segments and compares their headers before anything is written.
    pub(super) fn open(request: &Request, inputs: &[SegmentInput], rate: Ratio, encode: &VideoEncode) -> Result<Self> {
        let mut sources = Vec::new();
        let mut expected = 0;
        let mut first: Option<(Vec<u8>, ffmpeg::codec::Parameters)> = None;
        for input in inputs {
            if input.segment.first_frame != expected {
                return Err(Error::Failed(format!("segment {} does not follow the one before", input.segment.index)));
            }
            expected += input.segment.frames;
            let source = Source::open(&request.input(&input.file)?, &request.limits)?;
            let parameters = source.input.stream(0).map(|stream| stream.parameters());
            let parameters =
                parameters.ok_or_else(|| Error::Failed(format!("segment {} is empty", input.segment.index)))?;
            let sets = av::extradata(&parameters);
            match &first {
                None => first = Some((sets, parameters)),
                Some((known, _)) if *known == sets => {}
                Some(_) => {
                    return Err(Error::Failed(format!("segment {} has other parameter sets", input.segment.index)));
                }
            }
            sources.push((source, input.clone()));
        }
        let (_, parameters) = first.ok_or_else(|| Error::Failed("there is no segment to join".into()))?;
        let base = time_base(rate)?;
        let sources = sources.into_iter();
        Ok(Self {
            sources,
            current: None,
            // Independent of how the first segment was encoded: a player waits until its buffer is as full as the header says.
            seams: Seams::new(encode, rate, encode.buffer_start),
            parameters,
            rate,
            base,
            tally: Tally::default(),
            last_dts: i64::MIN,
            frames: expected,
        })
    }

    /// Moves one packet of a segment to its place in the whole picture and marks its frame as present.
    fn place(&mut self, packet: &mut ffmpeg::Packet) -> Result<()> {
        let Some((source, stretch)) = &mut self.current else { return Ok(()) };
        let base = av::stream_facts(&source.input, 0).ok_or_else(|| stretch.wrong("has no picture"))?.time_base;
        let grid = |ticks: Option<i64>| {
            let seconds = ticks? as f64 * f64::from(base.num) / f64::from(base.den);
            Some((seconds * self.rate.value()).round() as i64)
        };
        let stamps = grid(packet.pts()).zip(grid(packet.dts()));
        let stamps = stamps.ok_or_else(|| stretch.wrong("has a packet without a time"))?;
        let (pts, dts) = stretch.place(stamps, packet.is_key(), &mut self.last_dts)?;
        packet.set_pts(Some(pts));
        packet.set_dts(Some(dts));
        packet.set_duration(1);
        Ok(())
    }
}

/// One segment's place in the whole: each of its frames is there once, the first one is a key frame, and time runs forwards.
struct Stretch {
    segment: Segment,
    seen: Vec<bool>,
}

impl Stretch {
    fn new(segment: Segment) -> Self {
        Self { segment, seen: vec![false; usize::try_from(segment.frames).unwrap_or(0)] }
    }

    fn wrong(&self, what: &str) -> Error {
        Error::Failed(format!("segment {}: {what}", self.segment.index))
    }

    /// Stamps in the whole of a packet with these stamps (of showing, of decoding) in the segment, all in frames.
    fn place(&mut self, (pts, dts): (i64, i64), is_key: bool, last_dts: &mut i64) -> Result<(i64, i64)> {
        if !is_key && self.seen.iter().all(|frame| !frame) {
            return Err(self.wrong("does not begin with a key frame"));
        }
        let slot = usize::try_from(pts).ok().and_then(|frame| self.seen.get_mut(frame));
        match slot.map(|slot| std::mem::replace(slot, true)) {
            Some(false) => {}
            Some(true) => return Err(self.wrong("has a frame twice")),
            None => return Err(self.wrong("has a frame outside its stretch")),
        }
        let first = i64::try_from(self.segment.first_frame).map_err(|_| self.wrong("begins too late"))?;
        if dts + first <= *last_dts {
            return Err(self.wrong("runs backwards"));
        }
        *last_dts = dts + first;
        Ok((pts + first, dts + first))
    }

    /// After the last packet.
    fn end(&self) -> Result<()> {
        if self.seen.iter().any(|frame| !frame) {
            return Err(self.wrong(&format!("has not all of its {} frames", self.segment.frames)));
        }
        Ok(())
    }
}

impl Pictures for Joined {
    fn next(&mut self, limits: &Limits) -> Result<Option<ffmpeg::Packet>> {
        loop {
            let Some((source, stretch)) = &mut self.current else {
                let Some((source, input)) = self.sources.next() else { return Ok(None) };
                self.seams.begin(input.segment.index, input.buffer_start);
                self.current = Some((source, Stretch::new(input.segment)));
                continue;
            };
            if let Some(mut packet) = self.tally.next(source, limits)? {
                self.place(&mut packet)?;
                self.seams.take(packet.size() as u64 * 8);
                return Ok(Some(packet));
            }
            stretch.end()?;
            self.current = None;
        }
    }

    fn base(&self) -> (i32, i32) {
        self.base
    }

    fn parameters(&self) -> ffmpeg::codec::Parameters {
        self.parameters.clone()
    }

    fn rate(&self) -> Option<Ratio> {
        Some(self.rate)
    }

    fn done(&self) -> f64 {
        self.tally.packets as f64 / self.frames.max(1) as f64
    }

    fn overdrawn(&mut self) -> Vec<Overdrawn> {
        self.seams.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What joining says to packets of (pts, dts) in a segment of three frames from frame 100 on; the first is a key frame.
    fn joined(packets: &[(i64, i64)]) -> std::result::Result<Vec<(i64, i64)>, String> {
        let mut stretch = Stretch::new(Segment { index: 4, first_frame: 100, frames: 3 });
        let mut last_dts = 97;
        let mut place = |(index, stamps): (usize, &(i64, i64))| stretch.place(*stamps, index == 0, &mut last_dts);
        let placed: Result<Vec<_>> = packets.iter().enumerate().map(&mut place).collect();
        let text = |error| match error {
            Error::Failed(text) => text,
            Error::Rejected(reason) => reason.code().into(),
        };
        let placed = placed.map_err(text)?;
        stretch.end().map_err(text)?;
        Ok(placed)
    }

    #[test]
    fn every_frame_of_a_segment_is_joined_once_and_in_order() {
        assert_eq!(joined(&[(0, -2), (2, -1), (1, 0)]), Ok(vec![(100, 98), (102, 99), (101, 100)]));
        let check = |packets: &[(i64, i64)], what: &str| {
            assert_eq!(joined(packets), Err(format!("segment 4: {what}")));
        };
        check(&[(0, -2), (1, -1)], "has not all of its 3 frames");
        check(&[(0, -2), (1, -1), (1, 0)], "has a frame twice");
        check(&[(0, -2), (1, -1), (3, 0)], "has a frame outside its stretch");
        check(&[(-1, -2)], "has a frame outside its stretch");
        check(&[(0, -3), (1, -1), (2, 0)], "runs backwards"); // into the segment before it
        check(&[(0, -2), (2, -1), (1, -1)], "runs backwards");
        let mut stretch = Stretch::new(Segment { index: 4, first_frame: 100, frames: 3 });
        assert!(stretch.place((0, 0), false, &mut 0).is_err(), "it begins without a key frame");
    }
}
