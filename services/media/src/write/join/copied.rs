//! The picture as the mezzanine has it.
use std::path::Path;

use ffmpeg_next as ffmpeg;
use pipeline::media_info::{FieldOrder, Ratio};

use super::pictures::Pictures;
use crate::av;
use crate::child::protocol::{Limits, Overdrawn};
use crate::error::{Error, Result};
use crate::read::decode::Tally;
use crate::read::reader::Reader;
use crate::read::source::Source;
use crate::write::strip::Strip;

/// The mezzanine's own picture, moved to begin at 0, without SEI.
pub(super) struct Copied {
    source: Source,
    stream: usize,
    strip: Strip,
    base: av::Rational,
    first: i64,
    position: isize,
    tally: Tally,
}

impl Copied {
    pub(super) fn open(path: &Path, stream: usize, limits: &Limits) -> Result<Self> {
        let first = Reader::open(path, stream, FieldOrder::Progressive, 1, limits)?.first(limits)?.unwrap_or(0);
        let mut source = Source::open(path, limits)?;
        source.keep_only(&[stream]);
        let missing = || Error::Failed("the planned picture is not there".into());
        let facts = av::stream_facts(&source.input, stream).ok_or_else(missing)?;
        if av::codec_name(facts.codec) != "h264" {
            return Err(Error::Failed("only H.264 is copied".into()));
        }
        let strip = Strip::new(&source.input.stream(stream).ok_or_else(missing)?.parameters())?;
        Ok(Self { source, stream, strip, base: facts.time_base, first, position: 0, tally: Tally::default() })
    }
}

impl Pictures for Copied {
    fn next(&mut self, limits: &Limits) -> Result<Option<ffmpeg::Packet>> {
        while let Some(mut packet) = self.tally.next(&mut self.source, limits)? {
            let position = packet.position();
            if packet.stream() != self.stream || !self.strip.filter(&mut packet)? {
                continue;
            }
            self.position = self.position.max(position);
            packet.set_pts(packet.pts().map(|ticks| ticks.saturating_sub(self.first)));
            packet.set_dts(packet.dts().map(|ticks| ticks.saturating_sub(self.first)));
            return Ok(Some(packet));
        }
        Ok(None)
    }

    fn base(&self) -> (i32, i32) {
        (self.base.num, self.base.den)
    }

    fn parameters(&self) -> ffmpeg::codec::Parameters {
        self.strip.parameters()
    }

    fn rate(&self) -> Option<Ratio> {
        None
    }

    fn done(&self) -> f64 {
        self.position as f64 / self.source.size_bytes.max(1) as f64
    }

    fn overdrawn(&mut self) -> Vec<Overdrawn> {
        Vec::new()
    }
}
