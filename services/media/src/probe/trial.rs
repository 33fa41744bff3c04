//! How hard the picture is to encode: a few pictures every ten seconds, encoded quickly.
use ffmpeg::{codec, encoder, frame};
use ffmpeg_next as ffmpeg;
use pipeline::media_info::Trial;

use crate::av;
use crate::av::graph::Graph;
use crate::error::{During, Error, Result};
use crate::picture::scale;
use crate::picture::shape::Shape;

/// x264's quickest preset that has the tools of High; its cost here is a hundredth of an encode by `medium`.
const PRESET: &str = "superfast";
const CRF: f64 = 23.0;
/// The first stretch: titles and fades from black come before it.
const FIRST_US: i64 = 1_000_000;
const APART_US: i64 = 10_000_000;
/// Pictures of a stretch.
const PICTURES: usize = 9;
/// Largest sides, pixels: no rung is larger.
const SHORT_SIDE: u32 = 1080;
const LONG_SIDE: u32 = 1920;
/// Distance of key frames that the bitrate is stated for, seconds; the ladder's is about this.
const GOP_S: f64 = 2.0;

/// The trial of one picture.
#[derive(Default)]
pub(super) struct Trials {
    due_us: Option<i64>,
    stretch: Option<Stretch>,
    size: (u32, u32),
    /// Bitrate of each finished stretch, kbit/s.
    kbps: Vec<f64>,
    failed: bool,
}

impl Trials {
    /// Takes a decoded picture that is shown `at_us` after the first. A picture that cannot be tried is no fault of the film: then
    /// there is no result.
    pub(super) fn see(&mut self, frame: &frame::Video, at_us: i64, shape: impl FnOnce() -> Option<Shape>) {
        if self.failed || (self.stretch.is_none() && at_us < self.due_us.unwrap_or(FIRST_US)) {
            return;
        }
        if let Err(error) = self.take(frame, at_us, shape) {
            tracing::debug!(?error, "no trial of the picture");
            (self.failed, self.stretch) = (true, None);
        }
    }

    fn take(&mut self, frame: &frame::Video, at_us: i64, shape: impl FnOnce() -> Option<Shape>) -> Result<()> {
        let stretch = match &mut self.stretch {
            Some(stretch) => stretch,
            none => {
                let shape = shape().ok_or_else(|| Error::Failed("a picture without a shape".into()))?;
                self.size = shape.fitted(SHORT_SIDE, LONG_SIDE);
                self.due_us = Some(at_us.saturating_add(APART_US));
                none.insert(Stretch::begin(&shape, self.size)?)
            }
        };
        if let Some(kbps) = stretch.take(frame, at_us)? {
            self.kbps.push(kbps);
            self.stretch = None;
        }
        Ok(())
    }

    /// What the whole stretches took; `None` where there is none.
    pub(super) fn finish(self) -> Option<Trial> {
        let hardest = self.kbps.iter().copied().reduce(f64::max).filter(|_| !self.failed)?;
        let mean = self.kbps.iter().sum::<f64>() / self.kbps.len() as f64;
        let (width, height) = self.size;
        Some(Trial { width, height, crf: CRF, mean_kbps: mean.round() as u64, hardest_kbps: hardest.round() as u64 })
    }
}

/// One stretch being encoded.
struct Stretch {
    graph: Graph,
    encoder: encoder::video::Encoder,
    begin_us: Option<i64>,
    end_us: i64,
    sent: usize,
    /// Bits of each picture, in the order of coding: the key frame is the first.
    bits: Vec<f64>,
}

impl Stretch {
    fn begin(shape: &Shape, size: (u32, u32)) -> Result<Self> {
        let graph = scale::small(shape.facts, &shape.picture(), size)?;
        let encoder = open(size)?;
        Ok(Self { graph, encoder, begin_us: None, end_us: 0, sent: 0, bits: Vec::with_capacity(PICTURES) })
    }

    /// Takes one more picture; its bitrate in kbit/s once it is whole.
    fn take(&mut self, frame: &frame::Video, at_us: i64) -> Result<Option<f64>> {
        // Others use the picture after us.
        let mut copy = frame.clone();
        copy.set_pts(Some(at_us));
        self.graph.push(&mut copy)?;
        let mut scaled = frame::Video::empty();
        while self.sent < PICTURES && self.graph.pull(0, &mut scaled)? {
            self.begin_us.get_or_insert(at_us);
            self.end_us = at_us;
            scaled.set_pts(i64::try_from(self.sent).ok());
            // The source's own frame types would force x264's.
            scaled.set_kind(ffmpeg::picture::Type::None);
            self.encoder.send_frame(&scaled).during("try a picture")?;
            self.sent += 1;
            self.drain()?;
            scaled = frame::Video::empty();
        }
        if self.sent < PICTURES {
            return Ok(None);
        }
        self.encoder.send_eof().during("end the trial")?;
        self.drain()?;
        self.kbps().map(Some)
    }

    fn drain(&mut self) -> Result<()> {
        loop {
            let mut packet = ffmpeg::Packet::empty();
            match self.encoder.receive_packet(&mut packet) {
                Ok(()) => self.bits.push(packet.size() as f64 * 8.0),
                Err(ffmpeg::Error::Eof) | Err(ffmpeg::Error::Other { errno: libc::EAGAIN }) => return Ok(()),
                Err(error) => return Err(error).during("take a tried picture"),
            }
        }
    }

    /// One key frame in each GOP, and the other pictures' mean for all others: in so short a stretch the key frame would count too
    /// much.
    fn kbps(&self) -> Result<f64> {
        let (Some((key, others)), Some(begin_us)) = (self.bits.split_first(), self.begin_us) else {
            return Err(Error::Failed("the trial made no picture".into()));
        };
        let apart_us = self.end_us.saturating_sub(begin_us).max(1) as f64 / (PICTURES - 1) as f64;
        let other = others.iter().sum::<f64>() / others.len().max(1) as f64;
        let a_second = (1_000_000.0 / apart_us - 1.0 / GOP_S).max(0.0);
        Ok((key / GOP_S + other * a_second) / 1000.0)
    }
}

/// One thread, so that the result is the same on every machine.
fn open((width, height): (u32, u32)) -> Result<encoder::video::Encoder> {
    let codec = encoder::find_by_name("libx264").ok_or(ffmpeg::Error::EncoderNotFound).during("find x264")?;
    let mut video = codec::Context::new_with_codec(codec).encoder().video().during("prepare x264")?;
    video.set_width(width);
    video.set_height(height);
    video.set_format(ffmpeg::format::Pixel::YUV420P);
    // The rate has no influence on a picture's bits.
    video.set_time_base(ffmpeg::Rational::new(1, 25));
    video.set_frame_rate(Some(ffmpeg::Rational::new(25, 1)));
    video.set_flags(codec::Flags::BITEXACT);
    let crf = CRF.to_string();
    let options =
        av::dictionary(&[("preset", PRESET), ("crf", &crf), ("x264-params", "threads=1:keyint=infinite:scenecut=0")]);
    video.open_as_with(codec, options).during("open x264")
}
