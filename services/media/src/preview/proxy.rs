//! The review proxy: a small H.264 mp4 that plays anywhere, its pictures at the source's own times.
use std::path::Path;

use ffmpeg::{codec, encoder, frame};
use ffmpeg_next as ffmpeg;

use super::sound::{self, Sound};
use crate::av;
use crate::error::{During, Result};
use crate::write::mux::Mux;

/// Good enough to judge a work by, at a tenth of what partners get.
const CRF: &str = "28";
/// Highest bitrate, kbit/s, so that a reviewer's page stays fast on a slow line.
const MAX_KBPS: u32 = 700;
/// x264's `superfast` is half the cost of `veryfast` here and looks the same at this size.
const PRESET: &str = "superfast";
/// Ticks of the picture's packets: 90 kHz, as players and broadcasters count.
const BASE: (i32, i32) = (1, 90_000);

/// The proxy's file.
pub(super) struct Proxy {
    encoder: encoder::video::Encoder,
    mux: Mux,
    picture: usize,
    sound: Option<(Sound, usize)>,
    /// Held until it is known when the next one comes.
    last: Option<ffmpeg::Packet>,
}

impl Proxy {
    /// Opens the encoders. `begin_us` is the picture's beginning on the file's timeline, for its sound, where there is any.
    pub(super) fn create(path: &Path, size: (u32, u32), begin_us: Option<i64>) -> Result<Self> {
        let encoder = open(size)?;
        let sound = begin_us.map(Sound::new).transpose()?;
        let mut mux = Mux::create(path)?;
        let picture = mux.add(codec::Parameters::from(&encoder), BASE)?;
        let sound = match sound {
            None => None,
            Some(sound) => {
                let index = mux.add(sound.parameters(), sound::BASE)?;
                Some((sound, index))
            }
        };
        mux.begin(true, &[])?;
        Ok(Self { encoder, mux, picture, sound, last: None })
    }

    /// Encodes a picture that is shown at `at_us`.
    pub(super) fn see(&mut self, picture: &mut frame::Video, at_us: i64) -> Result<()> {
        picture.set_pts(Some(ticks(at_us)));
        // The source's own frame types would force x264's.
        picture.set_kind(ffmpeg::picture::Type::None);
        self.encoder.send_frame(picture).during("encode the proxy")?;
        self.drain()
    }

    /// Encodes a block of sound that begins at `at_us` of the file's timeline; true once it is too much.
    pub(super) fn hear(&mut self, block: &mut frame::Audio, at_us: Option<i64>) -> Result<bool> {
        match &mut self.sound {
            Some((sound, index)) => sound.hear(block, at_us, &mut self.mux, *index),
            None => Ok(false),
        }
    }

    /// Completes the file; its last picture stays until `end_us`.
    pub(super) fn finish(mut self, end_us: i64) -> Result<()> {
        self.encoder.send_eof().during("end the proxy")?;
        self.drain()?;
        if let Some(last) = self.last.take() {
            self.write(last, ticks(end_us))?;
        }
        if let Some((sound, index)) = &mut self.sound {
            sound.finish(&mut self.mux, *index)?;
        }
        self.mux.finish().map(drop)
    }

    fn drain(&mut self) -> Result<()> {
        loop {
            let mut packet = ffmpeg::Packet::empty();
            match self.encoder.receive_packet(&mut packet) {
                Ok(()) => {
                    let at = packet.pts().unwrap_or(0);
                    if let Some(last) = self.last.replace(packet) {
                        self.write(last, at)?;
                    }
                }
                Err(ffmpeg::Error::Eof) | Err(ffmpeg::Error::Other { errno: libc::EAGAIN }) => return Ok(()),
                Err(error) => return Err(error).during("take an encoded picture of the proxy"),
            }
        }
    }

    /// Writes a picture that is shown until `until`. There are no B-frames, so packets come in the order of showing.
    fn write(&mut self, mut packet: ffmpeg::Packet, until: i64) -> Result<()> {
        packet.set_duration(until.saturating_sub(packet.pts().unwrap_or(0)).max(1));
        self.mux.write(packet, self.picture, BASE)
    }
}

fn ticks(us: i64) -> i64 {
    us.saturating_mul(9) / 100
}

fn open((width, height): (u32, u32)) -> Result<encoder::video::Encoder> {
    let codec = encoder::find_by_name("libx264").ok_or(ffmpeg::Error::EncoderNotFound).during("find x264")?;
    let mut video = codec::Context::new_with_codec(codec).encoder().video().during("prepare x264")?;
    video.set_width(width);
    video.set_height(height);
    video.set_format(ffmpeg::format::Pixel::YUV420P);
    video.set_time_base(ffmpeg::Rational::new(BASE.0, BASE.1));
    // The most that it can be; each picture has its own time.
    video.set_frame_rate(Some(ffmpeg::Rational::new(30, 1)));
    video.set_aspect_ratio(ffmpeg::Rational::new(1, 1));
    video.set_gop(60);
    video.set_flags(codec::Flags::GLOBAL_HEADER | codec::Flags::CLOSED_GOP | codec::Flags::BITEXACT);
    // One thread: at this size x264's cost is small, and the decoder has the other cores.
    let x264 = format!("threads=1:bframes=0:force-cfr=0:vbv-maxrate={MAX_KBPS}:vbv-bufsize={}", 2 * MAX_KBPS);
    let options = av::dictionary(&[
        ("preset", PRESET),
        ("crf", CRF),
        ("a53cc", "0"),
        ("x264-params", &x264),
        ("colorspace", "bt709"),
        ("color_primaries", "bt709"),
        ("color_trc", "bt709"),
        ("color_range", "tv"),
    ]);
    video.open_as_with(codec, options).during("open x264")
}
