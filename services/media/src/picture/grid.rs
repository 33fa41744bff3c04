//! The output grid: which picture of the source each output frame shows, scaled. The same whatever stretch is asked for.
//!
//! Frame n of the output is the picture that a player shows at n / rate after the first picture. A picture counts from
//! half an output frame before its own time, so that rounded stamps (milliseconds in Matroska) never drop or double one.
use std::path::Path;

use ffmpeg_next::frame;
use pipeline::rejection::Rejection;
use pipeline::rendition::{Picture, Segment};

use crate::av::{self, PictureFacts};
use crate::child::protocol::Limits;
use crate::error::{Error, Result};
use crate::picture::scale::Scaler;
use crate::read::decode;
use crate::read::reader::{Reader, Shown};

/// How far before the segment reading starts, in output frames: room for frames that are coded out of order, and for
/// the deinterlacer's neighbours.
const RUN_UP_FRAMES: u64 = 16;
/// Most that the source may end before the planned end, seconds: the stored length of a last frame is not always true.
const SHORTAGE_S: f64 = 1.0;

/// The frames of one stretch, on their way from the decoder to `take`, which gets a picture of each size for each output frame.
pub(crate) struct Grid<'a, T> {
    picture: &'a Picture,
    segment: Segment,
    sizes: Vec<(u32, u32)>,
    take: T,
    scaler: Option<Scaler>,
    /// The next output frame.
    next: u64,
    held: Option<Held>,
}

/// The picture that is shown until the next one comes.
struct Held {
    frame: frame::Video,
    facts: PictureFacts,
    /// When it begins, and when the next would, in seconds after the first picture.
    at: f64,
    until: f64,
    /// Already scaled: the scaler's results are of this picture.
    scaled: bool,
}

impl<'a, T: FnMut(u64, &mut [frame::Video]) -> Result<()>> Grid<'a, T> {
    /// For the output frames of `segment`, in pictures of `sizes`.
    pub(crate) fn new(picture: &'a Picture, segment: Segment, sizes: Vec<(u32, u32)>, take: T) -> Self {
        Self { picture, segment, sizes, take, scaler: None, next: segment.first_frame, held: None }
    }

    fn end_frame(&self) -> u64 {
        self.segment.first_frame.saturating_add(self.segment.frames)
    }

    /// Second at which output frame `n` is shown.
    fn time(&self, n: f64) -> f64 {
        n / self.picture.frame_rate.value()
    }

    /// Reads the source until the segment is full or the source ends. False if reading began after the segment's start, or nothing
    /// came: the format's index led to a wrong place, and only reading from the beginning helps.
    pub(crate) fn run(
        &mut self,
        path: &Path,
        limits: &Limits,
        seeking: bool,
        progress: &mut dyn FnMut(f64),
    ) -> Result<bool> {
        let mut reader = Reader::of(path, self.picture, decode::threads(), limits)?;
        if seeking && self.segment.first_frame > RUN_UP_FRAMES {
            let from = (self.segment.first_frame - RUN_UP_FRAMES).saturating_sub(self.picture.lead_frames);
            reader.seek(self.time(from as f64), limits)?;
        }
        self.read(&mut reader, limits, progress)
    }

    /// As [`Grid::run`], from where the reader stands.
    pub(crate) fn read(&mut self, reader: &mut Reader, limits: &Limits, progress: &mut dyn FnMut(f64)) -> Result<bool> {
        while self.next < self.end_frame() {
            let Some(Shown { frame, at, length }) = reader.next(limits)? else { return Ok(self.held.is_some()) };
            // The first picture is shown from the beginning, although its own time may come later.
            let own = at + self.time(self.picture.lead_frames as f64);
            let at = if at > 0.0 { own } else { 0.0 };
            if self.held.is_none() && self.next > 0 && at > self.time(self.next as f64 + 0.5) {
                return Ok(false);
            }
            self.emit_until(at)?;
            let facts = av::picture_facts(&frame);
            self.held = Some(Held { frame, facts, at, until: own + length, scaled: false });
            progress((self.next - self.segment.first_frame) as f64 / self.segment.frames.max(1) as f64);
        }
        Ok(true)
    }

    /// Encodes the held picture for every output frame that comes before a picture at `at`.
    fn emit_until(&mut self, at: f64) -> Result<()> {
        while self.held.is_some() && self.next < self.end_frame() && at > self.time(self.next as f64 + 0.5) {
            self.emit()?;
        }
        Ok(())
    }

    /// Repeats the last picture for the frames that rounding left at the end.
    pub(crate) fn end(&mut self) -> Result<()> {
        let held = self.held.as_ref().ok_or(Rejection::damaged(1))?;
        let missing = self.time(self.end_frame() as f64) - held.until.max(held.at);
        if missing > SHORTAGE_S + self.time(self.picture.hold_frames as f64) {
            return Err(Error::Failed(format!("the source ends {missing:.3} s before the plan's last frame")));
        }
        while self.next < self.end_frame() {
            self.emit()?;
        }
        Ok(())
    }

    fn emit(&mut self) -> Result<()> {
        let Some(held) = &mut self.held else { return Ok(()) };
        let scaler = match &mut self.scaler {
            Some(scaler) => scaler,
            none => none.insert(Scaler::new(held.facts, self.picture, &self.sizes)?),
        };
        let scaled = if held.scaled { scaler.scaled() } else { scaler.scale(&mut held.frame)? };
        held.scaled = true;
        (self.take)(self.next, scaled)?;
        self.next += 1;
        Ok(())
    }
}
