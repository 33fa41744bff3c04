//! What the decoded pictures of a stream say: their times, fields and colour, black, stillness and changes of scene.
use ffmpeg_next::frame;
use pipeline::fingerprint::Album;
use pipeline::media_info::{Colour, FieldOrder, Ratio, Transfer};
use pipeline::rejection::Rejection;

use crate::av::{self, LumaLayout, PictureFacts};
use crate::child::protocol::Limits;
use crate::error::Result;
use crate::picture::shape::Shape;
use crate::preview::Preview;
use crate::probe::access::Access;
use crate::probe::geometry::{display_size, honest_aspect, upright};
use crate::probe::luma::{Difference, Grid};
use crate::probe::scene::Scenes;
use crate::probe::still::Still;
use crate::probe::stretch::Stretches;
use crate::probe::thumb::Thumb;
use crate::probe::trial::Trials;
use crate::read::by_order::ByOrder;
use crate::read::colour::Stated;
use crate::read::source::Source;
use crate::read::timeline::Timeline;
use crate::read::times::{to_us, whole_ms};

const MIN_BLACK_US: i64 = 2_000_000;
/// Shortest still stretch that is reported.
pub(crate) const MIN_FROZEN_MS: u64 = 5_000;
const MIN_FROZEN_US: i64 = MIN_FROZEN_MS as i64 * 1000;
/// A work is interlaced if at least one frame in this many is; fewer are flags that a writer set by mistake.
const INTERLACED_ONE_IN: u64 = 50;

/// Receives the pictures that are decoded for measuring: µs after the first one, and the picture.
pub(crate) type Watch<'a> = dyn FnMut(i64, &frame::Video) + 'a;

/// Where decoded pictures go besides being measured.
pub(crate) struct Sink<'a, 'b> {
    pub(crate) preview: Option<&'a mut Preview>,
    pub(crate) watch: &'a mut Watch<'b>,
}

/// What was decoded so far.
pub(super) struct Seen {
    stream: usize,
    max_frames: u64,
    pub(super) base: av::Rational,
    /// What the container says of the colour.
    stated: Stated,
    /// Where the file does not say when pictures are shown.
    pub(super) by_order: Option<ByOrder>,
    pub(super) access: Access,
    timeline: Timeline,
    pub(super) first: Option<(PictureFacts, av::Rational)>,
    pub(super) layout: Option<LumaLayout>,
    /// When each is shown, in ticks.
    pub(super) times: Vec<i64>,
    /// Frames that came after their time.
    pub(super) late: u64,
    pub(super) last_duration: i64,
    interlaced: u64,
    top_first: u64,
    /// Whether a picture had other fields or another colour than the first.
    pub(super) mixed: bool,
    grid: Grid,
    pub(super) black: Stretches,
    pub(super) frozen: Still,
    pub(super) calm: Still,
    pub(super) scenes: Scenes,
    /// Clockwise rotation in degrees, after mirroring where it is true.
    pub(super) turn: (u32, bool),
    /// Sampled pictures, where a fingerprint is wanted.
    pub(super) album: Option<Album>,
    /// Where it is tried how hard the picture is to encode.
    pub(super) trials: Option<Trials>,
}

impl Seen {
    pub(super) fn new(source: &Source, stream: usize, base: av::Rational, limits: &Limits) -> Self {
        Self {
            stream,
            max_frames: limits.max_frames,
            base,
            stated: source.stated(stream),
            by_order: ByOrder::of(source, stream),
            access: Access::default(),
            timeline: Timeline::default(),
            first: None,
            layout: None,
            times: Vec::new(),
            late: 0,
            last_duration: 0,
            interlaced: 0,
            top_first: 0,
            mixed: false,
            grid: Grid::default(),
            black: Stretches::new(MIN_BLACK_US),
            frozen: Still::new(MIN_FROZEN_US, Difference::is_still),
            calm: Still::new(MIN_FROZEN_US, Difference::is_calm),
            scenes: Scenes::default(),
            turn: av::display_matrix(&source.input, stream).map_or((0, false), upright),
            album: None,
            trials: None,
        }
    }

    /// With pictures sampled for a fingerprint, and with a trial.
    pub(super) fn with(self, fingerprint: bool, trial: bool) -> Self {
        Self { album: fingerprint.then(Album::default), trials: trial.then(Trials::default), ..self }
    }

    /// Measures a decoded picture and passes it on.
    pub(super) fn take(&mut self, source: &Source, frame: &mut frame::Video, sink: &mut Sink) -> Result<()> {
        if self.times.len() as u64 >= self.max_frames {
            return Err(Rejection::BudgetExceeded { budget: "frames".into() }.into());
        }
        self.stated.complete(frame);
        if self.by_order.as_mut().is_some_and(|order| !order.place(frame)) {
            return Ok(());
        }
        let aspect = || av::pixel_aspect(&source.input, self.stream, Some(frame));
        let first = self.first.unwrap_or_else(|| (av::picture_facts(frame), aspect()));
        let Some(at) = self.see(frame, first)? else { return Ok(()) };
        self.access.see(frame, at);
        let begin = self.times.first().copied().unwrap_or(at);
        let (at_us, begin_us) = (to_us(at.saturating_sub(begin), self.base), to_us(begin, self.base));
        (sink.watch)(at_us, frame);
        if let Some(mut trials) = self.trials.take() {
            trials.see(frame, at_us, || self.shape(source));
            self.trials = Some(trials);
        }
        match &mut sink.preview {
            // Last of all: the picture's content moves there.
            Some(preview) => preview.picture(frame, at_us, begin_us, || self.shape(source)),
            None => Ok(()),
        }
    }

    /// What container and bitstream say of colour where they contradict each other.
    pub(super) fn colour_in_conflict(&self) -> Option<(String, String)> {
        self.first.and_then(|(facts, _)| self.stated.conflict(facts))
    }

    /// The order of fields: progressive unless many frames have fields.
    pub(super) fn field_order(&self) -> FieldOrder {
        if self.interlaced * INTERLACED_ONE_IN <= self.times.len() as u64 {
            FieldOrder::Progressive
        } else if self.top_first * 2 >= self.interlaced {
            FieldOrder::TopFirst
        } else {
            FieldOrder::BottomFirst
        }
    }

    /// Measures one picture; its time in the stream's ticks, or `None` if players would not show it. `begin` is the first picture.
    fn see(&mut self, frame: &frame::Video, begin: (PictureFacts, av::Rational)) -> Result<Option<i64>> {
        let facts = av::picture_facts(frame);
        if self.first.is_none() {
            self.layout = av::luma_layout(facts.format);
            self.first = Some(begin);
        }
        let first = begin.0;
        if (facts.width, facts.height) != (first.width, first.height) {
            return Err(Rejection::ChangesMidway { what: "picture_size".into() }.into());
        }
        if facts.format != first.format {
            return Err(Rejection::ChangesMidway { what: "pixel_format".into() }.into());
        }
        let duration = av::frame_duration(frame);
        let Some(at) = self.timeline.place(frame.timestamp(), duration) else {
            self.late += 1;
            return Ok(None);
        };
        self.times.push(at);
        self.last_duration = duration;
        self.interlaced += u64::from(facts.interlaced);
        self.top_first += u64::from(facts.interlaced && facts.top_first);
        self.mixed |= facts != PictureFacts { top_first: facts.top_first, ..first };
        self.look(frame, at);
        Ok(Some(at))
    }

    /// What the first picture says of all, as far as it is known then.
    fn shape(&self, source: &Source) -> Option<Shape> {
        let (facts, aspect) = self.first?;
        let (rotation_degrees, mirrored) = av::display_matrix(&source.input, self.stream).map_or((0, false), upright);
        let (width, height) = (facts.width.unsigned_abs(), facts.height.unsigned_abs());
        let colour = colour(facts);
        Some(Shape {
            facts,
            rotation_degrees,
            mirrored,
            transfer: colour.transfer,
            matrix: colour.matrix_of(width, height).to_owned(),
            full_range: colour.full_range,
            display: display_size(width, height, honest_aspect(aspect), rotation_degrees),
        })
    }

    fn look(&mut self, frame: &frame::Video, at: i64) {
        let Some(layout) = self.layout else { return };
        if !self.grid.sample(frame, layout) {
            return;
        }
        let first = self.times.first().copied().unwrap_or(at);
        let at_us = to_us(at.saturating_sub(first), self.base);
        self.sample(frame, layout, whole_ms(at_us));
        self.black.mark(at_us, self.grid.is_black());
        let difference = self.grid.difference(self.frozen.reference());
        if let Some(difference) = difference {
            self.scenes.see(at_us, &self.grid, self.frozen.reference(), difference);
        }
        self.frozen.see(at_us, &self.grid, difference);
        self.calm.see(at_us, &self.grid, self.grid.difference(self.calm.reference()));
    }

    /// Keeps the frame for the fingerprint if it is the first of the next place on the grid.
    fn sample(&mut self, frame: &frame::Video, layout: LumaLayout, at_ms: u64) {
        let Some(album) = self.album.as_mut().filter(|album| album.wants(at_ms)) else { return };
        let pixel_aspect = self.first.map_or(Ratio::ONE, |(_, aspect)| honest_aspect(aspect)).value();
        let (rotation_degrees, mirrored) = self.turn;
        if let Some(picture) = (Thumb { layout, pixel_aspect, rotation_degrees, mirrored }).of(frame) {
            album.add(at_ms, picture);
        }
    }
}

/// The colour of a picture by libav's names.
pub(super) fn colour(picture: PictureFacts) -> Colour {
    let transfer_name = av::transfer_name(picture.transfer);
    let transfer = match transfer_name.as_str() {
        "smpte2084" => Transfer::Pq,
        "arib-std-b67" => Transfer::Hlg,
        _ => Transfer::Sdr,
    };
    Colour {
        matrix: av::matrix_name(picture.matrix),
        primaries: av::primaries_name(picture.primaries),
        transfer_name,
        transfer,
        // 2 is AVCOL_RANGE_JPEG; the yuvj formats say it by their name alone.
        full_range: picture.range == 2 || av::pixel_format_name(picture.format).starts_with("yuvj"),
    }
}
