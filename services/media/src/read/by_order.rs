//! Times of pictures that a file stores in another order than it shows them in, without saying when each is shown.
//!
//! H.264, HEVC and others code a picture before those that refer to it, and an ISO file says by how much each is shown later than it
//! is decoded (`ctts`, `trun`; ISO/IEC 14496-12, 8.6.1.3). Some writers leave that out. Such a file has only the times of decoding, and a
//! reader that uses them as times of showing shows the film out of sync with its sound.
//!
//! Such a film is not refused, because nothing of it is missing: the bitstream has the order, and the file has as many times as
//! pictures. The picture that the decoder gives out as the k-th is shown at the k-th time. Nothing is added for the decoder's delay:
//! a writer that knows no offsets wrote the time at which it was given each picture, and sound and picture began together.
//!
//! Of an edit list that cuts off no more pictures at the beginning than the decoder holds back, only the delay was meant, which the
//! lost offsets had added. What it cuts off beyond that is cut off, in the order of showing.
use std::collections::{BTreeMap, BTreeSet};

use ffmpeg_next as ffmpeg;
use ffmpeg_next::frame;

use crate::av;
use crate::read::source::Source;

/// Gives the pictures of one stream their times.
#[derive(Default)]
pub(crate) struct ByOrder {
    /// Times that no picture has yet, each with whether an edit list shows it.
    times: BTreeMap<i64, bool>,
    /// Times under which pictures were stored that did not come out yet.
    awaited: BTreeSet<i64>,
    /// Pictures that the decoder holds back.
    delay: usize,
    /// What is added to all times, once the first picture came out.
    shift: Option<i64>,
    /// Whether a picture has another time than the one under which it was stored.
    pub(crate) moved: bool,
}

impl ByOrder {
    /// For stream `index`; `None` where its file says when pictures are shown, or they are stored in that order.
    pub(crate) fn of(source: &Source, index: usize) -> Option<Self> {
        let is_told = source.track(index).is_none_or(|track| track.offsets.differ);
        let delay = av::reorder_delay(&source.input, index);
        (!is_told && delay > 0).then(|| Self { delay, ..Self::default() })
    }

    /// Takes the time of a packet that goes to the decoder. Gives the packet to decode instead, if another one is needed: a decoder
    /// drops what an edit list cuts off by the order of storage.
    pub(crate) fn send(&mut self, packet: &ffmpeg::Packet) -> Option<ffmpeg::Packet> {
        let cut = av::is_discarded(packet);
        if let Some(at) = packet.pts().or(packet.dts()) {
            self.times.insert(at, !cut);
            self.awaited.insert(at);
        }
        cut.then(|| av::kept(packet))
    }

    /// Gives the next picture its time; false if an edit list does not show it.
    pub(crate) fn place(&mut self, frame: &mut frame::Video) -> bool {
        let stored = frame.pts();
        let Some((at, is_shown)) = self.next(stored, frame.is_key()) else { return true };
        self.moved |= stored != Some(at);
        av::set_time(frame, at);
        is_shown
    }

    /// The next time, for a picture that was stored under `stored`.
    fn next(&mut self, stored: Option<i64>, is_key: bool) -> Option<(i64, bool)> {
        if let Some(stored) = stored {
            self.awaited.remove(&stored);
            if is_key {
                // What was stored before a key frame is shown before it. What did not come out by now is lost, and its time with it.
                let later = self.awaited.split_off(&stored);
                for _ in std::mem::replace(&mut self.awaited, later) {
                    self.times.pop_first();
                }
            }
        }
        let shift = *self.shift.get_or_insert_with(|| taken_back(&mut self.times, self.delay));
        self.times.pop_first().map(|(at, is_shown)| (at.saturating_add(shift), is_shown))
    }
}

/// How much later all pictures are shown, where the first of `times` are cut off for the `delay` alone: they are shown then.
fn taken_back(times: &mut BTreeMap<i64, bool>, delay: usize) -> i64 {
    let cut = times.values().take_while(|is_shown| !**is_shown).count();
    let begin =
        times.iter().nth(cut).zip(times.first_key_value()).map(|((begin, _), (first, _))| begin.saturating_sub(*first));
    match begin {
        Some(shift) if (1..=delay).contains(&cut) => {
            times.values_mut().take(cut).for_each(|is_shown| *is_shown = true);
            shift
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
