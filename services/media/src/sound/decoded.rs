//! Decodes the sound of a file to 48 kHz stereo, and cuts it to the picture.
use std::path::Path;

use ffmpeg_next::frame;
use pipeline::rejection::Rejection;

use crate::av;
use crate::av::graph::Graph;
use crate::child::protocol::Limits;
use crate::error::{Error, Result};
use crate::read::decode::{self, Tally};
use crate::read::source::Source;
use crate::read::stereo::{RATE, Stereo, stereo};
use crate::read::times::to_us;
use crate::sound::placing::{self, Block};

/// Most sound outside the wanted range that is read, in samples: 10 min, far more than time stamps err.
const BESIDE: usize = 600 * RATE as usize;

/// Reading stops after this many blocks in a row that lie after the end: a single time stamp may be wrong.
const LAST_BLOCKS: usize = 16;

/// Decodes stream `index` of the file into `samples` pairs that begin when the picture does.
pub(crate) fn read(
    path: &Path,
    index: usize,
    picture_start_ms: i64,
    samples: usize,
    limits: &Limits,
    progress: &mut dyn FnMut(f64),
) -> Result<Stereo> {
    let mut source = Source::open(path, limits)?;
    source.keep_only(&[index]);
    let base =
        av::stream_facts(&source.input, index).ok_or(Error::Failed("the planned sound is not there".into()))?.time_base;
    let mut decoder = decode::open(&source, index, limits, 1)?;
    let mut tally = Tally::default();
    let begin_us = source.origin_us().saturating_add(picture_start_ms.saturating_mul(1000));
    let mut decoded = Decoded::new(begin_us, samples);
    let mut frame = frame::Audio::empty();
    loop {
        let packet = tally.next(&mut source, limits)?;
        if packet.as_ref().is_some_and(|packet| packet.stream() != index) {
            continue;
        }
        decode::feed(&mut decoder, packet.as_ref(), &mut frame, &mut tally, |frame| decoded.take(frame, base))?;
        progress((decoded.sound.len() as f64 / samples.max(1) as f64).min(1.0));
        if packet.is_none() || decoded.is_full() {
            break;
        }
    }
    decoded.finish()
}

/// Decoded sound, and where its blocks belong by their time stamps.
struct Decoded {
    /// Where the picture begins, µs on the file's timeline.
    begin_us: i64,
    wanted: usize,
    graph: Option<Graph>,
    facts: Option<av::SoundFacts>,
    /// Samples that went into the graph, at the source's rate.
    taken: u64,
    sound: Stereo,
    blocks: Vec<Block>,
}

impl Decoded {
    fn new(begin_us: i64, wanted: usize) -> Self {
        Self { begin_us, wanted, graph: None, facts: None, taken: 0, sound: Vec::new(), blocks: Vec::new() }
    }

    /// Whether the next block belongs after the end of the picture, as the last blocks agree.
    fn is_full(&self) -> bool {
        let wanted = i64::try_from(self.wanted).unwrap_or(i64::MAX);
        let last = self.blocks.len().saturating_sub(LAST_BLOCKS);
        let behind = self.blocks.len() >= LAST_BLOCKS && self.blocks[last..].iter().all(|block| block.target >= wanted);
        behind || self.sound.len() >= self.wanted.saturating_add(BESIDE)
    }

    fn take(&mut self, frame: &mut frame::Audio, base: av::Rational) -> Result<()> {
        let facts = av::sound_facts(frame);
        if self.facts.as_ref().is_some_and(|first| first.rate != facts.rate) {
            return Err(Rejection::ChangesMidway { what: "sample_rate".into() }.into());
        }
        if self.facts.as_ref().is_some_and(|first| first.channels != facts.channels) {
            return Err(Rejection::ChangesMidway { what: "channels".into() }.into());
        }
        let rate = |samples: i128, per: i128| i64::try_from(samples * i128::from(RATE) / per).unwrap_or(i64::MAX);
        if let Some(stamp) = frame.timestamp() {
            let us = to_us(stamp, base).saturating_sub(self.begin_us);
            let at = rate(i128::from(self.taken), i128::from(facts.rate.max(1)));
            self.blocks.push(Block { at, target: rate(i128::from(us), 1_000_000) });
        }
        if self.graph.is_none() {
            self.graph = Some(stereo(&facts)?);
        }
        self.facts = Some(facts);
        self.taken += frame.samples() as u64;
        frame.set_pts(None);
        if let Some(graph) = &mut self.graph {
            graph.push(frame)?;
        }
        self.pull()
    }

    fn pull(&mut self) -> Result<()> {
        let Some(graph) = &mut self.graph else { return Ok(()) };
        let mut frame = frame::Audio::empty();
        let mut channels = [Vec::new(), Vec::new()];
        while graph.pull(0, &mut frame)? {
            channels.iter_mut().for_each(Vec::clear);
            if !av::samples(&frame, &mut channels) {
                return Err(Error::Failed("the resampler gave no stereo floats".into()));
            }
            let [left, right] = &channels;
            self.sound.extend(left.iter().zip(right).map(|(left, right)| [*left, *right]));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Stereo> {
        if let Some(graph) = &mut self.graph {
            graph.finish()?;
            self.pull()?;
        }
        Ok(placing::place(self.sound, &self.blocks, self.wanted))
    }
}
