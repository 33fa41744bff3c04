//! The proxy's sound: stereo AAC as it comes, at its place on the picture's timeline.
use ffmpeg::{codec, encoder, frame};
use ffmpeg_next as ffmpeg;

use crate::av::graph::Graph;
use crate::av::{self, SoundFacts};
use crate::error::{During, Error, Result};
use crate::read::stereo::{self, RATE, Stereo};
use crate::sound::aac;
use crate::write::mux::Mux;

/// kbit/s.
const BITRATE_KBPS: u32 = 64;
/// Samples of one AAC frame.
const FRAME: usize = 1024;
/// A hole or an overlap in the stamps of more than this is closed with silence or cut, in samples: 100 ms, as in the renditions.
const SLIP: i64 = 4800;
/// Most sound, in samples: see `LONGEST_US`.
const LONGEST: i64 = 4 * 3600 * RATE as i64;

/// Ticks of its packets.
pub(super) const BASE: (i32, i32) = (1, RATE as i32);

/// The encoder of the sound and what is on its way to it.
pub(super) struct Sound {
    aac: encoder::audio::Encoder,
    graph: Option<Graph>,
    facts: Option<SoundFacts>,
    /// Where the picture begins, µs on the file's timeline.
    begin_us: i64,
    /// Less than a frame.
    block: Stereo,
    /// Samples encoded.
    encoded: i64,
    /// Samples to leave out of what comes: from before the picture.
    leave: i64,
}

impl Sound {
    /// The picture begins at `begin_us` of the file's timeline.
    pub(super) fn new(begin_us: i64) -> Result<Self> {
        let aac = aac::open_aac(BITRATE_KBPS, ffmpeg::ChannelLayout::STEREO)?;
        Ok(Self { aac, graph: None, facts: None, begin_us, block: Vec::new(), encoded: 0, leave: 0 })
    }

    pub(super) fn parameters(&self) -> codec::Parameters {
        codec::Parameters::from(&self.aac)
    }

    /// Takes a block that begins at `at_us`; true once it is too much.
    pub(super) fn hear(
        &mut self,
        block: &mut frame::Audio,
        at_us: Option<i64>,
        mux: &mut Mux,
        index: usize,
    ) -> Result<bool> {
        let facts = av::sound_facts(block);
        if self.facts.as_ref() != Some(&facts) {
            self.flush(mux, index)?;
            self.graph = Some(stereo::stereo(&facts)?);
            self.facts = Some(facts);
        }
        if let Some(at_us) = at_us {
            self.align(at_us, mux, index)?;
        }
        block.set_pts(None);
        if let Some(graph) = &mut self.graph {
            graph.push(block)?;
        }
        self.pull(mux, index)?;
        Ok(self.here() > LONGEST)
    }

    /// Samples of the proxy up to here.
    fn here(&self) -> i64 {
        self.encoded + self.block.len() as i64 - self.leave
    }

    /// Fills a hole before, or cuts an overlap off, the block that begins at `at_us`.
    fn align(&mut self, at_us: i64, mux: &mut Mux, index: usize) -> Result<()> {
        let target = i128::from(at_us.saturating_sub(self.begin_us)) * i128::from(RATE) / 1_000_000;
        let slip = i64::try_from(target).unwrap_or(i64::MAX).saturating_sub(self.here());
        let first = self.encoded == 0 && self.block.is_empty() && self.leave == 0;
        if slip == 0 || (!first && slip.abs() <= SLIP) {
            return Ok(());
        }
        if slip < 0 {
            self.leave = self.leave.saturating_add(slip.saturating_neg());
            return Ok(());
        }
        // What the resampler still holds belongs before the hole.
        self.flush(mux, index)?;
        self.graph = self.facts.as_ref().map(stereo::stereo).transpose()?;
        let left = slip.min(self.leave);
        self.leave -= left;
        // Beyond the bound nothing will be kept, so silence ends there too.
        let mut silent = (slip - left).min(LONGEST);
        while silent > 0 {
            let now = silent.min(FRAME as i64);
            self.add(std::iter::repeat_n([0.0; 2], now as usize), mux, index)?;
            silent -= now;
        }
        Ok(())
    }

    fn flush(&mut self, mux: &mut Mux, index: usize) -> Result<()> {
        if let Some(graph) = &mut self.graph {
            graph.finish()?;
            self.pull(mux, index)?;
        }
        Ok(())
    }

    fn pull(&mut self, mux: &mut Mux, index: usize) -> Result<()> {
        let mut channels = [Vec::new(), Vec::new()];
        loop {
            let mut frame = frame::Audio::empty();
            let Some(graph) = &mut self.graph else { return Ok(()) };
            if !graph.pull(0, &mut frame)? {
                return Ok(());
            }
            channels.iter_mut().for_each(Vec::clear);
            if !av::samples(&frame, &mut channels) {
                return Err(Error::Failed("the resampler gave no stereo floats".into()));
            }
            let [left, right] = &channels;
            let skip = usize::try_from(self.leave).unwrap_or(usize::MAX).min(left.len());
            self.leave -= skip as i64;
            self.add(left.iter().zip(right).skip(skip).map(|(left, right)| [*left, *right]), mux, index)?;
        }
    }

    fn add(&mut self, sound: impl Iterator<Item = [f32; 2]>, mux: &mut Mux, index: usize) -> Result<()> {
        for pair in sound {
            self.block.push(pair);
            if self.block.len() == FRAME {
                self.encode(mux, index)?;
            }
        }
        Ok(())
    }

    fn encode(&mut self, mux: &mut Mux, index: usize) -> Result<()> {
        let kind = ffmpeg::format::Sample::F32(ffmpeg::format::sample::Type::Planar);
        let mut frame = frame::Audio::new(kind, self.block.len(), ffmpeg::ChannelLayout::STEREO);
        frame.set_rate(RATE);
        frame.set_pts(Some(self.encoded));
        for channel in 0..2 {
            let samples = frame.plane_mut::<f32>(channel).iter_mut();
            samples.zip(&self.block).for_each(|(sample, pair)| *sample = pair[channel]);
        }
        self.encoded += self.block.len() as i64;
        self.block.clear();
        self.aac.send_frame(&frame).during("encode the proxy's sound")?;
        aac::drain(&mut self.aac, mux, index, BASE)
    }

    /// Encodes what is left.
    pub(super) fn finish(&mut self, mux: &mut Mux, index: usize) -> Result<()> {
        self.flush(mux, index)?;
        if !self.block.is_empty() {
            self.encode(mux, index)?;
        }
        self.aac.send_eof().during("end the proxy's sound")?;
        aac::drain(&mut self.aac, mux, index, BASE)
    }
}
