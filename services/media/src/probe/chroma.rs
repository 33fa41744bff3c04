//! The sound's chromaprint, taken from the samples that the loudness is measured from.
use rusty_chromaprint::{Configuration, Fingerprinter};

use crate::error::{Error, Result};

/// Longest sound in a fingerprint, seconds: more than twice the longest entry.
const MAX_SECONDS: u64 = 1200;

/// Computes a chromaprint (algorithm 2, as `fpcalc` does).
pub(super) struct Chroma {
    printer: Fingerprinter,
    mono: Vec<i16>,
    left: u64,
}

impl Chroma {
    /// For sound of `rate` samples a second.
    pub(super) fn new(rate: u32) -> Result<Self> {
        let mut printer = Fingerprinter::new(&Configuration::preset_test2());
        printer.start(rate, 1).map_err(|error| Error::Failed(format!("fingerprint the sound: {error}")))?;
        Ok(Self { printer, mono: Vec::new(), left: MAX_SECONDS * u64::from(rate) })
    }

    /// Adds a block, one list of samples a channel.
    pub(super) fn hear(&mut self, channels: &[Vec<f32>]) {
        let Some(first) = channels.first() else { return };
        let count = first.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= count as u64;
        self.mono.clear();
        let each = 32767.0 / channels.len() as f32;
        let mean = |index: usize| channels.iter().filter_map(|channel| channel.get(index)).sum::<f32>() * each;
        self.mono.extend((0..count).map(|index| mean(index).clamp(-32768.0, 32767.0) as i16));
        self.printer.consume(&self.mono);
    }

    /// The items, eight a second.
    pub(super) fn finish(mut self) -> Vec<u32> {
        self.printer.finish();
        self.printer.fingerprint().to_vec()
    }
}
