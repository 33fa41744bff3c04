//! The sound of a finished file: one encoded stream.
use std::path::Path;

use ffmpeg_next as ffmpeg;

use crate::av;
use crate::child::protocol::Limits;
use crate::error::{Error, Result};
use crate::read::decode::Tally;
use crate::read::source::Source;
use crate::read::times::to_us;
use crate::write::mux::Mux;

/// The encoded sound, one packet ahead.
pub(super) struct Sound {
    source: Source,
    pub(super) base: (i32, i32),
    waiting: Option<ffmpeg::Packet>,
    tally: Tally,
}

impl Sound {
    pub(super) fn open(path: &Path, limits: &Limits) -> Result<Self> {
        let source = Source::open(path, limits)?;
        let facts = av::stream_facts(&source.input, 0).filter(|facts| facts.medium == av::Medium::Audio);
        let facts = facts.ok_or_else(|| Error::Failed("the encoded sound holds no sound".into()))?;
        let base = (facts.time_base.num, facts.time_base.den);
        let mut sound = Self { source, base, waiting: None, tally: Tally::default() };
        sound.waiting = sound.tally.next(&mut sound.source, limits)?;
        Ok(sound)
    }

    pub(super) fn parameters(&self) -> ffmpeg::codec::Parameters {
        self.source.input.stream(0).map_or_else(ffmpeg::codec::Parameters::new, |stream| stream.parameters())
    }

    /// Writes what comes before `at_us`, or all.
    pub(super) fn write_until(
        &mut self,
        at_us: Option<i64>,
        mux: &mut Mux,
        index: usize,
        limits: &Limits,
    ) -> Result<()> {
        while let Some(packet) = self.waiting.take() {
            let here = to_us(packet.dts().unwrap_or(0), av::Rational { num: self.base.0, den: self.base.1 });
            if at_us.is_some_and(|at_us| here >= at_us) {
                self.waiting = Some(packet);
                return Ok(());
            }
            mux.write(packet, index, self.base)?;
            self.waiting = self.tally.next(&mut self.source, limits)?;
        }
        Ok(())
    }
}
