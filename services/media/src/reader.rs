//! Reads whole pictures of one stream in the order of showing, deinterlaced, each with its time. Seeks where it can.
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use ffmpeg::frame;
use ffmpeg_next as ffmpeg;
use pipeline::media_info::FieldOrder;
use pipeline::rejection::Rejection;
use pipeline::rendition::Picture;

use crate::av;
use crate::by_order::ByOrder;
use crate::child::protocol::Limits;
use crate::decode::{self, Tally};
use crate::error::Result;
use crate::graph::Graph;
use crate::scale;
use crate::source::Source;
use crate::timeline::Timeline;

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
    /// Where the file does not say when pictures are shown.
    by_order: Option<ByOrder>,
    timeline: Timeline,
    deinterlacer: Option<Graph>,
    order: FieldOrder,
    first: Option<i64>,
    /// After a seek: pictures before the key frame refer to what was not read.
    not_before: Option<i64>,
    /// After a seek: pictures before the decoder's first key frame are made of what was not read.
    awaits_key: bool,
    ready: VecDeque<(frame::Video, i64, i64)>,
    geometry: Option<(i32, i32, i32)>,
    ended: bool,
}

impl Reader {
    /// Opens the picture's stream, for a decoder of so many threads. Each holds one more picture back: for a few pictures here and
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
            by_order: ByOrder::of(&source, stream),
            timeline: Timeline::default(),
            deinterlacer: None,
            order,
            first: None,
            not_before: None,
            awaits_key: false,
            ready: VecDeque::new(),
            geometry: None,
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

    /// Moves to a picture at or before `target` ticks that the file marks as a key frame; false where that is not possible, as where
    /// no such picture is marked. The reader is nowhere then, because libav moves about before it fails: begin at the beginning again.
    pub(crate) fn seek_to(&mut self, target: i64) -> bool {
        if self.source.format.is_discontinuous() {
            return false;
        }
        self.fresh = false;
        if !self.source.seek(self.stream, target) {
            return false;
        }
        self.decoder.flush();
        self.ready.clear();
        self.by_order = ByOrder::of(&self.source, self.stream);
        self.timeline = Timeline::default();
        self.deinterlacer = None;
        self.not_before = Some(i64::MAX);
        self.awaits_key = true;
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
        let (first, entry_points) = (self.first, self.entry_points.take());
        let reader = Self::open(&self.path, self.stream, self.order, self.threads, limits)?;
        *self = Self { first, entry_points, ..reader };
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
        self.not_before = None;
        self.seek(at, limits)?;
        while self.not_before.is_some() {
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
        while self.first.is_none() && !self.ended {
            self.step(limits)?;
        }
        Ok(self.first)
    }

    /// The next picture, its second after the first picture, and its length in seconds.
    pub(crate) fn next(&mut self, limits: &Limits) -> Result<Option<(frame::Video, f64, f64)>> {
        let next = self.take(limits)?;
        let first = self.first.unwrap_or(0);
        Ok(next.map(|(frame, at, length)| (frame, self.seconds(at.saturating_sub(first)), self.seconds(length))))
    }

    /// The next picture and its time in the stream's ticks.
    pub(crate) fn next_at(&mut self, limits: &Limits) -> Result<Option<(frame::Video, i64)>> {
        Ok(self.take(limits)?.map(|(frame, at, _)| (frame, at)))
    }

    fn take(&mut self, limits: &Limits) -> Result<Option<(frame::Video, i64, i64)>> {
        while self.ready.is_empty() && !self.ended {
            self.step(limits)?;
        }
        self.fresh = false;
        Ok(self.ready.pop_front())
    }

    /// Reads one packet and decodes what it gives.
    fn step(&mut self, limits: &Limits) -> Result<()> {
        let packet = self.tally.next(&mut self.source, limits)?;
        if let Some(packet) = &packet {
            if packet.stream() != self.stream {
                return Ok(());
            }
            if self.not_before == Some(i64::MAX) {
                self.not_before = packet.pts().or(packet.dts());
            }
        }
        let (timeline, first, ready) = (&mut self.timeline, &mut self.first, &mut self.ready);
        let (graph, geometry, not_before) = (&mut self.deinterlacer, &mut self.geometry, self.not_before);
        let (order, base, awaits_key) = (self.order, self.base, &mut self.awaits_key);
        let stated = self.source.stated(self.stream);
        let by_order = &mut self.by_order;
        let other = by_order.as_mut().zip(packet.as_ref()).and_then(|(order, packet)| order.send(packet));
        let sent = other.as_ref().or(packet.as_ref());
        decode::feed(&mut self.decoder, sent, &mut self.frame, &mut self.tally, |frame| {
            stated.complete(frame);
            if by_order.as_mut().is_some_and(|order| !order.place(frame)) {
                return Ok(());
            }
            let facts = av::picture_facts(frame);
            if *geometry.get_or_insert((facts.width, facts.height, facts.format))
                != (facts.width, facts.height, facts.format)
            {
                return Err(Rejection::ChangesMidway { what: "picture_size".into() }.into());
            }
            if frame.timestamp().zip(not_before).is_some_and(|(at, begin)| at < begin) {
                return Ok(());
            }
            *awaits_key &= !frame.is_key();
            if *awaits_key {
                return Ok(());
            }
            let length = av::frame_duration(frame);
            let Some(at) = timeline.place(frame.timestamp(), length) else { return Ok(()) };
            first.get_or_insert(at);
            let mut taken = std::mem::replace(frame, frame::Video::empty());
            taken.set_pts(Some(at));
            if graph.is_none() {
                *graph = scale::deinterlacer(facts, order, base)?;
            }
            match graph {
                None => ready.push_back((taken, at, length)),
                Some(graph) => {
                    graph.push(&mut taken)?;
                    pull(graph, base, ready)?;
                }
            }
            Ok(())
        })?;
        if packet.is_none() {
            self.ended = true;
            if let Some(graph) = &mut self.deinterlacer {
                graph.finish()?;
                pull(graph, self.base, &mut self.ready)?;
            }
        }
        Ok(())
    }
}

/// Takes what the deinterlacer has; its clock may tick faster than the stream's.
fn pull(graph: &mut Graph, base: av::Rational, ready: &mut VecDeque<(frame::Video, i64, i64)>) -> Result<()> {
    let (num, den) = graph.time_base(0).unwrap_or((base.num, base.den));
    loop {
        let mut frame = frame::Video::empty();
        if !graph.pull(0, &mut frame)? {
            return Ok(());
        }
        let ticks = i128::from(frame.pts().unwrap_or(0)) * i128::from(num) * i128::from(base.den);
        let at = i64::try_from(ticks / (i128::from(den) * i128::from(base.num)).max(1)).unwrap_or(i64::MAX);
        let length = ready.back().map_or(0, |(_, last, _)| at.saturating_sub(*last));
        ready.push_back((frame, at, length));
    }
}
