//! Makes clips with known content, and reads that content back: a number in every picture, a flash and a beep each second.
//!
//! For tests, in any process: no sandbox is needed for files that we made ourselves.
use std::path::Path;

use ffmpeg::{codec, encoder, frame};
use ffmpeg_next as ffmpeg;
use pipeline::media_info::{Ratio, Transfer};

pub use back::{beeps, pictures, still};
pub use pattern::{Look, Shown};

use crate::av;
use crate::error::{During, Result};
use crate::picture::encode::time_base;
use crate::read::stereo::RATE;
use crate::sound::aac;
use crate::write::mux::Mux;
use pattern::Pattern;

mod back;
mod pattern;

/// Length of a beep in milliseconds.
pub const BEEP_MS: u64 = 80;

/// What is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// No sound stream.
    None,
    /// Digital silence in stereo.
    Silence,
    /// A beep at each second, in one channel.
    Mono,
    /// In both.
    Stereo,
    /// In the centre of 5.1.
    FiveOne,
    /// Held in stereo for the first half, and digital silence after it.
    LoudHalf,
}

/// A clip to make.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// Coded width in pixels, even.
    pub width: u32,
    /// Coded height in pixels, even.
    pub height: u32,
    /// Frames a second.
    pub rate: Ratio,
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// Picture.
    pub look: Look,
    /// Sound.
    pub tone: Tone,
    /// How loud the beeps are, dBFS of their peak.
    pub beep_dbfs: f64,
    /// The file says that players must turn it clockwise by so much; the picture is upright after that.
    pub rotation_degrees: u32,
    /// Pixel aspect.
    pub pixel_aspect: Ratio,
    /// Leaves out about every third frame, so that the others stay longer.
    pub variable_rate: bool,
    /// How the colours are tagged; PQ and HLG are tagged BT.2020 as well.
    pub transfer: Transfer,
    /// Ten bits a sample.
    pub ten_bit: bool,
    /// Coded as fields, the upper one first.
    pub interlaced: bool,
    /// Frames from one key frame to the next.
    pub gop_frames: u32,
    /// Tags of the file, such as `("AIGC", "{…}")`.
    pub tags: Vec<(String, String)>,
    /// Size of the second half, when it changes midway.
    pub then: Option<(u32, u32)>,
    /// Constant bitrate in kbit/s, for clips whose size matters; by quality if `None`.
    pub bitrate_kbps: Option<u32>,
}

impl Default for Clip {
    /// Two seconds of 320×180 at 25 frames a second with stereo beeps.
    fn default() -> Self {
        Self {
            width: 320,
            height: 180,
            rate: Ratio { num: 25, den: 1 },
            duration_ms: 2000,
            look: Look::Moving,
            tone: Tone::Stereo,
            beep_dbfs: -6.0,
            rotation_degrees: 0,
            pixel_aspect: Ratio::ONE,
            variable_rate: false,
            transfer: Transfer::Sdr,
            ten_bit: false,
            interlaced: false,
            gop_frames: 50,
            tags: Vec::new(),
            then: None,
            bitrate_kbps: None,
        }
    }
}

impl Clip {
    fn frames(&self) -> u64 {
        (self.duration_ms as f64 / 1000.0 * self.rate.value()).round() as u64
    }

    fn is_left_out(&self, frame: u64) -> bool {
        let flashes = frame as f64 % self.rate.value() < 2.0;
        self.variable_rate && !flashes && frame % 3 == 1 + (frame / 30) % 2
    }
}

/// Makes an mp4 of `clip` at `path`.
///
/// # Errors
/// A failure when libav lacks an encoder, or the file cannot be written.
pub fn make(path: &Path, clip: &Clip) -> Result<()> {
    av::init();
    let base = time_base(clip.rate)?;
    let mut mux = Mux::create(path)?;
    let size = (clip.width, clip.height);
    let mut first = open_video(clip, size, true)?;
    let video = mux.add(codec::Parameters::from(&first), base)?;
    if clip.rotation_degrees != 0 {
        mux.display_matrix(video, matrix(clip.rotation_degrees))?;
    }
    let mut sound = open_sound(clip, &mut mux)?;
    let tags: Vec<(&str, &str)> = clip.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    mux.begin(true, &tags)?;
    let half = clip.then.map_or(u64::MAX, |_| clip.frames() / 2);
    show(clip, size, 0..clip.frames().min(half), &mut first, &mut mux, base)?;
    if let Some(size) = clip.then {
        show(clip, size, half..clip.frames(), &mut open_video(clip, size, false)?, &mut mux, base)?;
    }
    if let Some((encoder, index)) = &mut sound {
        play(clip, encoder, *index, &mut mux)?;
    }
    mux.finish().map(|_| ())
}

fn open_video(clip: &Clip, (width, height): (u32, u32), global: bool) -> Result<encoder::video::Encoder> {
    let codec = encoder::find_by_name("libx264").ok_or(ffmpeg::Error::EncoderNotFound).during("find x264")?;
    let mut video = codec::Context::new_with_codec(codec).encoder().video().during("prepare x264")?;
    let base = time_base(clip.rate)?;
    video.set_width(width);
    video.set_height(height);
    video.set_format(pixel_format(clip));
    video.set_time_base(ffmpeg::Rational::new(base.0, base.1));
    video.set_frame_rate(Some(ffmpeg::Rational::new(base.1, base.0)));
    video.set_gop(clip.gop_frames);
    video.set_aspect_ratio(ffmpeg::Rational::new(clip.pixel_aspect.num as i32, clip.pixel_aspect.den as i32));
    let mut flags = codec::Flags::BITEXACT | codec::Flags::CLOSED_GOP;
    flags |= if global { codec::Flags::GLOBAL_HEADER } else { codec::Flags::empty() };
    flags |= if clip.interlaced { codec::Flags::INTERLACED_DCT } else { codec::Flags::empty() };
    video.set_flags(flags);
    let [matrix, primaries, transfer] = match clip.transfer {
        Transfer::Sdr => ["bt709", "bt709", "bt709"],
        Transfer::Pq => ["bt2020nc", "bt2020", "smpte2084"],
        Transfer::Hlg => ["bt2020nc", "bt2020", "arib-std-b67"],
    };
    let mut options = vec![
        ("preset", "superfast"),
        ("x264-params", "scenecut=0:threads=1"),
        ("colorspace", matrix),
        ("color_primaries", primaries),
        ("color_trc", transfer),
        ("color_range", "tv"),
    ];
    let rate = clip.bitrate_kbps.map(|kbps| format!("{kbps}k"));
    match &rate {
        Some(rate) => options.extend([("b", rate.as_str()), ("maxrate", rate.as_str()), ("bufsize", rate.as_str())]),
        None => options.push(("crf", "18")),
    }
    video.open_as_with(codec, av::dictionary(&options)).during("open x264")
}

fn pixel_format(clip: &Clip) -> ffmpeg::format::Pixel {
    if clip.ten_bit { ffmpeg::format::Pixel::YUV420P10LE } else { ffmpeg::format::Pixel::YUV420P }
}

/// The display matrix of a clockwise rotation: row vectors, 16.16 fixed point, y downwards.
fn matrix(degrees: u32) -> [i32; 9] {
    let (sin, cos) = match degrees {
        90 => (1, 0),
        180 => (0, -1),
        270 => (-1, 0),
        _ => (0, 1),
    };
    [cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30]
}

fn show(
    clip: &Clip,
    size: (u32, u32),
    frames: std::ops::Range<u64>,
    encoder: &mut encoder::video::Encoder,
    mux: &mut Mux,
    base: (i32, i32),
) -> Result<()> {
    let pattern = Pattern { coded: size, rotation: clip.rotation_degrees, look: clip.look, rate: clip.rate.value() };
    for number in frames.filter(|number| !clip.is_left_out(*number)) {
        let mut frame = frame::Video::new(pixel_format(clip), size.0, size.1);
        pattern.paint(&mut frame, number, clip.ten_bit);
        frame.set_pts(i64::try_from(number).ok());
        if clip.interlaced {
            av::set_interlaced(&mut frame);
        }
        encoder.send_frame(&frame).during("encode a test picture")?;
        drain_video(encoder, mux, base)?;
    }
    encoder.send_eof().during("end the test picture")?;
    drain_video(encoder, mux, base)
}

fn drain_video(encoder: &mut encoder::video::Encoder, mux: &mut Mux, base: (i32, i32)) -> Result<()> {
    loop {
        let mut packet = ffmpeg::Packet::empty();
        match encoder.receive_packet(&mut packet) {
            Ok(()) => {
                packet.set_duration(1);
                mux.write(packet, 0, base)?;
            }
            Err(ffmpeg::Error::Eof) | Err(ffmpeg::Error::Other { errno: libc::EAGAIN }) => return Ok(()),
            Err(error) => return Err(error).during("take a test picture"),
        }
    }
}

fn layout(tone: Tone) -> Option<(ffmpeg::ChannelLayout, usize)> {
    match tone {
        Tone::None => None,
        Tone::Mono => Some((ffmpeg::ChannelLayout::MONO, 1)),
        Tone::Silence | Tone::Stereo | Tone::LoudHalf => Some((ffmpeg::ChannelLayout::STEREO, 2)),
        Tone::FiveOne => Some((ffmpeg::ChannelLayout::_5POINT1_BACK, 6)),
    }
}

fn open_sound(clip: &Clip, mux: &mut Mux) -> Result<Option<(encoder::audio::Encoder, usize)>> {
    let Some((layout, channels)) = layout(clip.tone) else { return Ok(None) };
    let encoder = aac::open_aac(64 * channels as u32, layout)?;
    let index = mux.add(codec::Parameters::from(&encoder), (1, RATE as i32))?;
    Ok(Some((encoder, index)))
}

fn play(clip: &Clip, encoder: &mut encoder::audio::Encoder, index: usize, mux: &mut Mux) -> Result<()> {
    let Some((layout, channels)) = layout(clip.tone) else { return Ok(()) };
    let samples = clip.duration_ms as usize * RATE as usize / 1000;
    let kind = ffmpeg::format::Sample::F32(ffmpeg::format::sample::Type::Planar);
    for start in (0..samples).step_by(1024) {
        let mut frame = frame::Audio::new(kind, 1024.min(samples - start), layout);
        frame.set_rate(RATE);
        frame.set_pts(i64::try_from(start).ok());
        for channel in 0..channels {
            // The centre is the third of 5.1; all others are silent there.
            let silent = clip.tone == Tone::Silence || (clip.tone == Tone::FiveOne && channel != 2);
            for (offset, sample) in frame.plane_mut::<f32>(channel).iter_mut().enumerate() {
                let at = start + offset;
                *sample = match clip.tone {
                    _ if silent => 0.0,
                    Tone::LoudHalf if at >= samples / 2 => 0.0,
                    Tone::LoudHalf => sine(at, clip.beep_dbfs),
                    _ => beep(at, clip.beep_dbfs),
                };
            }
        }
        encoder.send_frame(&frame).during("encode a test tone")?;
        aac::drain(encoder, mux, index, (1, RATE as i32))?;
    }
    encoder.send_eof().during("end the test tone")?;
    aac::drain(encoder, mux, index, (1, RATE as i32))
}

/// 1 kHz at the beginning of each second.
fn beep(sample: usize, dbfs: f64) -> f32 {
    let within = sample % RATE as usize;
    if within >= RATE as usize * BEEP_MS as usize / 1000 {
        return 0.0;
    }
    sine(within, dbfs)
}

/// 1 kHz.
fn sine(sample: usize, dbfs: f64) -> f32 {
    let phase = sample as f64 * 1000.0 / f64::from(RATE);
    (10f64.powf(dbfs / 20.0) * (phase * std::f64::consts::TAU).sin()) as f32
}
