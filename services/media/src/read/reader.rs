//! Reads whole pictures of one stream in the order of showing, deinterlaced, each with its time. Seeks where it can.
use std::path::{Path, PathBuf};

use ffmpeg::frame;
use ffmpeg_next as ffmpeg;
use pipeline::media_info::FieldOrder;
use pipeline::rejection::Rejection;
use pipeline::rendition::Picture;

use crate::av;
use crate::child::protocol::Limits;
use crate::error::Result;
use crate::read::by_order::ByOrder;
use crate::read::decode::{self, Tally};
use crate::read::source::Source;
use pictures::{Pictures, Placed};

mod pictures;

/// Whole (deinterlaced) pictures of a file in the order of showing, with their times.
pub(crate) struct Reader {
    source: Source,
    path: PathBuf,
    threads: usize,
    /// Where decoding may begin, if not at every key frame that the file marks.
    entry_points: Option<Vec<i64>>,
    /// Whether nothing was taken yet, and no seek led away from the beginning.
    fresh: bool,
    stream: usize,
    base: av::Rational,
    decoder: ffmpeg::codec::decoder::Opened,
    frame: frame::Video,
    tally: Tally,
    pictures: Pictures,
    ended: bool,
}

/// A picture with its time.
pub(crate) struct Shown {
    pub(crate) frame: frame::Video,
    /// Seconds after the first picture.
    pub(crate) at: f64,
    /// How long it is shown, seconds.
    pub(crate) length: f64,
}

impl Reader {
    /// Opens the picture's stream, for a decoder with `threads` threads. Each holds one more picture back: for a few pictures here and
    /// there one thread costs least.
    pub(crate) fn open(path: &Path, stream: usize, order: FieldOrder, threads: usize, limits: &Limits) -> Result<Self> {
        let mut source = Source::open(path, limits)?;
        source.keep_only(&[stream]);
        let base = av::stream_facts(&source.input, stream).ok_or(Rejection::NoVideo)?.time_base;
        let decoder = decode::open(&source, stream, limits, threads)?;
        Ok(Self {
            path: path.to_owned(),
            threads,
            entry_points: None,
            fresh: true,
            stream,
            base,
            decoder,
            frame: frame::Video::empty(),
            tally: Tally::default(),
            pictures: Pictures::of(&source, stream, base, order),
            ended: false,
            source,
        })
    }

    /// Opens the source of `picture`, and seeks only to where decoding may begin.
    pub(crate) fn of(path: &Path, picture: &Picture, threads: usize, limits: &Limits) -> Result<Self> {
        let reader = Self::open(path, picture.stream as usize, picture.field_order, threads, limits)?;
        Ok(Self { entry_points: picture.entry_points.clone(), ..reader })
    }

    /// Moves to a key frame at or before `at` seconds after the first picture, where the format has an index.
    pub(crate) fn seek(&mut self, at: f64, limits: &Limits) -> Result<()> {
        if self.source.format.is_discontinuous() {
            return Ok(());
        }
        // The first picture's time is known only by decoding it.
        let first = self.first(limits)?.unwrap_or(0);
        if self.entry_points.is_none() {
            let ticks = (at * f64::from(self.base.den) / f64::from(self.base.num.max(1))) as i64;
            let led = self.seek_to(first.saturating_add(ticks));
            return if led { Ok(()) } else { self.restart(limits) };
        }
        match self.entry_point(at, first) {
            Some(point) if self.seek_before(point) => Ok(()),
            Some(_) | None => self.restart(limits),
        }
    }

    /// Moves to a picture at or before `target` ticks that the file marks as a key frame; false where that is not possible, for example
    /// because no such picture is marked. The position is then undefined, because libav moves before it fails: restart.
    pub(crate) fn seek_to(&mut self, target: i64) -> bool {
        if self.source.format.is_discontinuous() {
            return false;
        }
        self.fresh = false;
        if !self.source.seek(self.stream, target) {
            return false;
        }
        self.decoder.flush();
        self.pictures.jump(ByOrder::of(&self.source, self.stream));
        self.ended = false;
        true
    }

    /// As [`Reader::seek_to`], where not every mark is true: an index is in order of decoding, so that it leads to a picture which is
    /// decoded later than one that is shown at `point`. So this begins a second earlier; pictures before a true key frame are dropped.
    pub(crate) fn seek_before(&mut self, point: i64) -> bool {
        let second = i64::from(self.base.den / self.base.num.max(1));
        self.seek_to(point.saturating_sub(second))
    }

    /// Begins at the beginning again.
    pub(crate) fn restart(&mut self, limits: &Limits) -> Result<()> {
        if self.fresh {
            return Ok(());
        }
        let entry_points = self.entry_points.take();
        let mut reader = Self::open(&self.path, self.stream, self.pictures.order, self.threads, limits)?;
        reader.pictures.first = self.pictures.first;
        *self = Self { entry_points, ..reader };
        Ok(())
    }

    /// The last of the entry points at or before `at` seconds after the first picture; `None` is the beginning.
    fn entry_point(&self, at: f64, first: i64) -> Option<i64> {
        let points = self.entry_points.as_deref().unwrap_or_default();
        let ticks = (at * f64::from(self.base.den) / f64::from(self.base.num.max(1))).round() as i64;
        let until = points.partition_point(|point| *point <= first.saturating_add(ticks));
        until.checked_sub(1).map(|last| points[last]).filter(|point| *point > first)
    }

    /// Second after the first picture of the key frame that [`Reader::seek`] to `at` would begin with; `None` where the format
    /// has no index. What was read so far is lost: seek again.
    pub(crate) fn key_frame(&mut self, at: f64, limits: &Limits) -> Result<Option<f64>> {
        let first = self.first(limits)?.unwrap_or(0);
        if self.entry_points.is_some() {
            return Ok(Some(
                self.entry_point(at, first).map_or(0.0, |point| self.seconds(point.saturating_sub(first))),
            ));
        }
        self.pictures.not_before = None;
        self.seek(at, limits)?;
        while self.pictures.not_before.is_some() {
            let Some(packet) = self.tally.next(&mut self.source, limits)? else { return Ok(None) };
            if packet.stream() == self.stream {
                let ticks = packet.pts().or(packet.dts()).unwrap_or(first);
                return Ok(Some(self.seconds(ticks.saturating_sub(first))));
            }
        }
        Ok(None)
    }

    fn seconds(&self, ticks: i64) -> f64 {
        ticks as f64 * f64::from(self.base.num) / f64::from(self.base.den.max(1))
    }

    /// Time of the first picture in the stream's ticks.
    pub(crate) fn first(&mut self, limits: &Limits) -> Result<Option<i64>> {
        while self.pictures.first.is_none() && !self.ended {
            self.step(limits)?;
        }
        Ok(self.pictures.first)
    }

    /// The next picture.
    pub(crate) fn next(&mut self, limits: &Limits) -> Result<Option<Shown>> {
        let next = self.take(limits)?;
        let first = self.pictures.first.unwrap_or(0);
        Ok(next.map(|Placed { frame, at, length }| Shown {
            frame,
            at: self.seconds(at.saturating_sub(first)),
            length: self.seconds(length),
        }))
    }

    /// The next picture and its time in the stream's ticks.
    pub(crate) fn next_at(&mut self, limits: &Limits) -> Result<Option<(frame::Video, i64)>> {
        Ok(self.take(limits)?.map(|placed| (placed.frame, placed.at)))
    }

    fn take(&mut self, limits: &Limits) -> Result<Option<Placed>> {
        while self.pictures.ready.is_empty() && !self.ended {
            self.step(limits)?;
        }
        self.fresh = false;
        Ok(self.pictures.ready.pop_front())
    }

    /// Reads one packet and decodes it.
    fn step(&mut self, limits: &Limits) -> Result<()> {
        let packet = self.tally.next(&mut self.source, limits)?;
        if packet.as_ref().is_some_and(|packet| packet.stream() != self.stream) {
            return Ok(());
        }
        let other = packet.as_ref().and_then(|packet| self.pictures.send(packet));
        let (pictures, sent) = (&mut self.pictures, other.as_ref().or(packet.as_ref()));
        decode::feed(&mut self.decoder, sent, &mut self.frame, &mut self.tally, |frame| pictures.take(frame))?;
        if packet.is_none() {
            self.ended = true;
            self.pictures.finish()?;
        }
        Ok(())
    }
}
