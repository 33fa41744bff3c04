//! What a decoder returns becomes whole pictures in the order of showing: late ones and those that a seek left without references are
//! dropped, and fields are put together.
use std::collections::VecDeque;

use ffmpeg::frame;
use ffmpeg_next as ffmpeg;
use pipeline::media_info::FieldOrder;
use pipeline::rejection::Rejection;

use crate::av;
use crate::av::graph::Graph;
use crate::error::Result;
use crate::read::by_order::ByOrder;
use crate::read::colour::Stated;
use crate::read::deinterlace::deinterlacer;
use crate::read::source::Source;
use crate::read::timeline::Timeline;

/// A whole picture on the timeline of its stream.
pub(super) struct Placed {
    pub(super) frame: frame::Video,
    /// When it is shown, in ticks.
    pub(super) at: i64,
    /// How long, in ticks.
    pub(super) length: i64,
}

/// The pictures of one stream on their way.
pub(super) struct Pictures {
    base: av::Rational,
    pub(super) order: FieldOrder,
    /// What the container says of the colour.
    stated: Stated,
    /// Where the file does not say when pictures are shown.
    by_order: Option<ByOrder>,
    timeline: Timeline,
    deinterlacer: Option<Graph>,
    /// When the first one is shown, in ticks.
    pub(super) first: Option<i64>,
    /// After a seek: pictures before the key frame refer to what was not read. `i64::MAX` until the key frame is known.
    pub(super) not_before: Option<i64>,
    /// After a seek: pictures before the decoder's first key frame are made of what was not read.
    awaits_key: bool,
    /// Width, height and format of all of them.
    geometry: Option<(i32, i32, i32)>,
    pub(super) ready: VecDeque<Placed>,
}

impl Pictures {
    /// Of a stream with this time base and order of fields.
    pub(super) fn of(source: &Source, stream: usize, base: av::Rational, order: FieldOrder) -> Self {
        Self {
            base,
            order,
            stated: source.stated(stream),
            by_order: ByOrder::of(source, stream),
            timeline: Timeline::default(),
            deinterlacer: None,
            first: None,
            not_before: None,
            awaits_key: false,
            geometry: None,
            ready: VecDeque::new(),
        }
    }

    /// Forgets what came before a seek.
    pub(super) fn jump(&mut self, by_order: Option<ByOrder>) {
        self.ready.clear();
        self.by_order = by_order;
        self.timeline = Timeline::default();
        self.deinterlacer = None;
        self.not_before = Some(i64::MAX);
        self.awaits_key = true;
    }

    /// Sees a packet before it is decoded; the packet to decode instead, if it has to be another one.
    pub(super) fn send(&mut self, packet: &ffmpeg::Packet) -> Option<ffmpeg::Packet> {
        if self.not_before == Some(i64::MAX) {
            self.not_before = packet.pts().or(packet.dts());
        }
        self.by_order.as_mut().and_then(|order| order.send(packet))
    }

    /// Takes a decoded picture.
    pub(super) fn take(&mut self, frame: &mut frame::Video) -> Result<()> {
        self.stated.complete(frame);
        if self.by_order.as_mut().is_some_and(|order| !order.place(frame)) {
            return Ok(());
        }
        let facts = av::picture_facts(frame);
        let geometry = (facts.width, facts.height, facts.format);
        if *self.geometry.get_or_insert(geometry) != geometry {
            return Err(Rejection::ChangesMidway { what: "picture_size".into() }.into());
        }
        if frame.timestamp().zip(self.not_before).is_some_and(|(at, begin)| at < begin) {
            return Ok(());
        }
        self.awaits_key &= !frame.is_key();
        if self.awaits_key {
            return Ok(());
        }
        let length = av::frame_duration(frame);
        let Some(at) = self.timeline.place(frame.timestamp(), length) else { return Ok(()) };
        self.first.get_or_insert(at);
        let mut taken = std::mem::replace(frame, frame::Video::empty());
        taken.set_pts(Some(at));
        if self.deinterlacer.is_none() {
            self.deinterlacer = deinterlacer(facts, self.order, self.base)?;
        }
        match &mut self.deinterlacer {
            None => self.ready.push_back(Placed { frame: taken, at, length }),
            Some(graph) => {
                graph.push(&mut taken)?;
                self.pull()?;
            }
        }
        Ok(())
    }

    /// Takes what the deinterlacer holds at the end.
    pub(super) fn finish(&mut self) -> Result<()> {
        if let Some(graph) = &mut self.deinterlacer {
            graph.finish()?;
            self.pull()?;
        }
        Ok(())
    }

    /// Takes what the deinterlacer has; its clock may tick faster than the stream's.
    fn pull(&mut self) -> Result<()> {
        let Some(graph) = &mut self.deinterlacer else { return Ok(()) };
        let base = self.base;
        let (num, den) = graph.time_base(0).unwrap_or((base.num, base.den));
        loop {
            let mut frame = frame::Video::empty();
            if !graph.pull(0, &mut frame)? {
                return Ok(());
            }
            let ticks = i128::from(frame.pts().unwrap_or(0)) * i128::from(num) * i128::from(base.den);
            let at = i64::try_from(ticks / (i128::from(den) * i128::from(base.num)).max(1)).unwrap_or(i64::MAX);
            let length = self.ready.back().map_or(0, |last| at.saturating_sub(last.at));
            self.ready.push_back(Placed { frame, at, length });
        }
    }
}
