//! One H.264 encode by x264: capped CRF, constant rate, closed GOPs at fixed places, the same bytes every time.
use std::path::Path;

use ffmpeg::{codec, encoder, frame};
use ffmpeg_next as ffmpeg;
use pipeline::media_info::Ratio;
use pipeline::rendition::VideoEncode;

use crate::av;
use crate::bsf::Strip;
use crate::error::{During, Error, Result};
use crate::mux::Mux;

/// An encoder and the file it writes.
pub(crate) struct VideoEncoder {
    encoder: encoder::video::Encoder,
    strip: Strip,
    mux: Mux,
    base: (i32, i32),
    frames: u64,
    parameter_sets: String,
}

/// What an encoder left.
pub(crate) struct Encoded {
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
    pub(crate) parameter_sets: String,
}

impl VideoEncoder {
    /// Opens an encoder that writes to `path`.
    pub(crate) fn create(path: &Path, encode: &VideoEncode, rate: Ratio) -> Result<Self> {
        let base = time_base(rate)?;
        let encoder = open(encode, base)?;
        let strip = Strip::new(&codec::Parameters::from(&encoder))?;
        let mut mux = Mux::create(path)?;
        let index = mux.add(strip.parameters(), base)?;
        mux.frame_rate(index, ffmpeg::Rational::new(base.1, base.0));
        mux.begin(false, &[])?;
        let parameter_sets = av::extradata(&strip.parameters()).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { encoder, strip, mux, base, frames: 0, parameter_sets })
    }

    /// Encodes one more frame.
    pub(crate) fn encode(&mut self, frame: &mut frame::Video) -> Result<()> {
        frame.set_pts(i64::try_from(self.frames).ok());
        // The source's own frame types would force x264's.
        frame.set_kind(ffmpeg::picture::Type::None);
        self.encoder.send_frame(frame).during("encode a frame")?;
        self.frames += 1;
        self.drain()
    }

    /// Completes the file.
    pub(crate) fn finish(mut self) -> Result<Encoded> {
        self.encoder.send_eof().during("end the encoder")?;
        self.drain()?;
        Ok(Encoded { frames: self.frames, bytes: self.mux.finish()?, parameter_sets: self.parameter_sets })
    }

    fn drain(&mut self) -> Result<()> {
        loop {
            let mut packet = ffmpeg::Packet::empty();
            match self.encoder.receive_packet(&mut packet) {
                Ok(()) => {
                    packet.set_duration(1);
                    if !self.strip.filter(&mut packet)? {
                        return Err(Error::Failed("the encoder made a frame without a slice".into()));
                    }
                    self.mux.write(packet, 0, self.base)?;
                }
                Err(ffmpeg::Error::Eof) | Err(ffmpeg::Error::Other { errno: libc::EAGAIN }) => return Ok(()),
                Err(error) => return Err(error).during("take an encoded frame"),
            }
        }
    }
}

/// Ticks of one frame each.
pub(crate) fn time_base(rate: Ratio) -> Result<(i32, i32)> {
    match (i32::try_from(rate.den), i32::try_from(rate.num)) {
        (Ok(num @ 1..), Ok(den @ 1..)) => Ok((num, den)),
        _ => Err(Error::Failed(format!("{rate} is no frame rate"))),
    }
}

fn open(encode: &VideoEncode, base: (i32, i32)) -> Result<encoder::video::Encoder> {
    let codec = encoder::find_by_name("libx264").ok_or(ffmpeg::Error::EncoderNotFound).during("find x264")?;
    let mut context = codec::Context::new_with_codec(codec);
    // Plans of old say 0; x264 would then count the machine's cores, and with them its bits would change.
    let threads = encode.threads.max(1) as usize;
    let kind = codec::threading::Type::Frame;
    context.set_threading(codec::threading::Config { kind, count: threads, ..Default::default() });
    let mut video = context.encoder().video().during("prepare x264")?;
    video.set_width(encode.width);
    video.set_height(encode.height);
    video.set_format(ffmpeg::format::Pixel::YUV420P);
    video.set_time_base(ffmpeg::Rational::new(base.0, base.1));
    video.set_frame_rate(Some(ffmpeg::Rational::new(base.1, base.0)));
    video.set_aspect_ratio(ffmpeg::Rational::new(1, 1));
    video.set_gop(encode.gop_frames);
    video.set_flags(codec::Flags::GLOBAL_HEADER | codec::Flags::CLOSED_GOP | codec::Flags::BITEXACT);
    let level = format!("{}.{}", encode.level / 10, encode.level % 10);
    let x264 = format!(
        "keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:force-cfr=1:\
         vbv-maxrate={}:vbv-bufsize={}:vbv-init={}:stitchable=1",
        encode.max_bitrate_kbps,
        encode.buffer_kbit,
        encode.buffer_start,
        gop = encode.gop_frames,
    );
    let crf = encode.crf.to_string();
    let options = av::dictionary(&[
        ("preset", &encode.preset),
        ("profile", "high"),
        ("level", &level),
        ("crf", &crf),
        ("a53cc", "0"),
        ("x264-params", &x264),
        ("colorspace", "bt709"),
        ("color_primaries", "bt709"),
        ("color_trc", "bt709"),
        ("color_range", "tv"),
        ("chroma_sample_location", "left"),
    ]);
    video.open_as_with(codec, options).during("open x264")
}
