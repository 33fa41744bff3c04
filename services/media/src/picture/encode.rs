//! One H.264 encode by x264: capped CRF, constant rate, closed GOPs at fixed places, the same bytes every time.
use std::path::Path;

use ffmpeg::{codec, encoder, frame};
use ffmpeg_next as ffmpeg;
use pipeline::media_info::Ratio;
use pipeline::rendition::{Segment, VideoEncode};

use crate::av;
use crate::error::{During, Error, Result};
use crate::write::mux::Mux;
use crate::write::strip::Strip;

/// Frames encoded before the segment to warm up rate control; their output is discarded.
///
/// x264 plans for the decoder's buffer by what pictures took so far, and guesses high before it has seen any: at the cap, the first
/// second after a seam was 1.2 VMAF points worse without them, 0.3 with four and no worse than in one piece with eight.
pub(crate) const FRAMES_BEFORE: u64 = 8;
/// Frames encoded after the segment, so that rate control knows what follows its last ones; their output is discarded.
///
/// x264's tree of macroblocks gives less to what is shown for a short time, and knows nothing of what comes after the last frame it
/// was given: without these, the last second before a seam was 0.8 VMAF points worse. As many as x264 itself looks ahead in `medium`
/// (40) make the bits those of one piece; the quality is the same with 24, and less with 16.
pub(crate) const FRAMES_AHEAD: u64 = 24;
/// x264's default ratio of the quantisers of P and I pictures (`--ipratio`).
const IP_RATIO: f64 = 1.4;

/// An encoder and the file it writes.
pub(crate) struct VideoEncoder {
    encoder: encoder::video::Encoder,
    strip: Strip,
    mux: Mux,
    base: (i32, i32),
    /// Frames shown to the encoder; the first `before` of them lie before the segment.
    shown: u64,
    before: u64,
    /// Frames that the encoder returned, and how many it has to return, including those before the segment.
    encoded: u64,
    wanted: u64,
    parameter_sets: String,
}

/// The result of one encoder.
pub(crate) struct Encoded {
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
    pub(crate) parameter_sets: String,
}

impl VideoEncoder {
    /// Opens an encoder that writes the frames of `segment` to `path`. The first frames that it is shown are the `before` ones before it.
    pub(crate) fn create(
        path: &Path,
        encode: &VideoEncode,
        rate: Ratio,
        segment: Segment,
        before: u64,
    ) -> Result<Self> {
        let base = time_base(rate)?;
        let encoder = open(encode, base, segment.first_frame > 0)?;
        let strip = Strip::new(&codec::Parameters::from(&encoder))?;
        let mut mux = Mux::create(path)?;
        let index = mux.add(strip.parameters(), base)?;
        mux.frame_rate(index, ffmpeg::Rational::new(base.1, base.0));
        mux.begin(false, &[])?;
        let parameter_sets = av::extradata(&strip.parameters()).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            encoder,
            strip,
            mux,
            base,
            shown: 0,
            before,
            encoded: 0,
            wanted: before + segment.frames,
            parameter_sets,
        })
    }

    /// Sends one more frame to the encoder. The output of frames outside the segment is discarded.
    pub(crate) fn encode(&mut self, frame: &mut frame::Video) -> Result<()> {
        if self.is_full() {
            return Ok(());
        }
        frame.set_pts(i64::try_from(self.shown).ok());
        // The source's own frame types would force x264's.
        let begins = self.before > 0 && self.shown == self.before;
        frame.set_kind(if begins { ffmpeg::picture::Type::I } else { ffmpeg::picture::Type::None });
        self.encoder.send_frame(frame).during("encode a frame")?;
        self.shown += 1;
        self.drain()
    }

    /// Completes the file.
    pub(crate) fn finish(mut self) -> Result<Encoded> {
        if !self.is_full() {
            self.encoder.send_eof().during("end the encoder")?;
            self.drain()?;
        }
        Ok(Encoded {
            frames: self.encoded.saturating_sub(self.before),
            bytes: self.mux.finish()?,
            parameter_sets: self.parameter_sets,
        })
    }

    fn is_full(&self) -> bool {
        self.encoded == self.wanted
    }

    /// Writes what the encoder has ready. GOPs are closed, and a segment is whole ones: frames before it, its own and those after it come
    /// in this order.
    fn drain(&mut self) -> Result<()> {
        while !self.is_full() {
            let mut packet = ffmpeg::Packet::empty();
            match self.encoder.receive_packet(&mut packet) {
                Ok(()) if self.encoded < self.before => self.encoded += 1,
                Ok(()) => {
                    let after = |at: Option<i64>| at.map(|at| at - self.before as i64);
                    packet.set_pts(after(packet.pts()));
                    packet.set_dts(after(packet.dts()));
                    packet.set_duration(1);
                    if !self.strip.filter(&mut packet)? {
                        return Err(Error::Failed("the encoder made a frame without a slice".into()));
                    }
                    self.mux.write(packet, 0, self.base)?;
                    self.encoded += 1;
                }
                Err(ffmpeg::Error::Eof) | Err(ffmpeg::Error::Other { errno: libc::EAGAIN }) => return Ok(()),
                Err(error) => return Err(error).during("take an encoded frame"),
            }
        }
        Ok(())
    }
}

/// Ticks of one frame each.
pub(crate) fn time_base(rate: Ratio) -> Result<(i32, i32)> {
    match (i32::try_from(rate.den), i32::try_from(rate.num)) {
        (Ok(num @ 1..), Ok(den @ 1..)) => Ok((num, den)),
        _ => Err(Error::Failed(format!("{rate} is no frame rate"))),
    }
}

/// `goes_on`: the first frame is not the work's first, but follows another segment's last.
fn open(encode: &VideoEncode, base: (i32, i32), goes_on: bool) -> Result<encoder::video::Encoder> {
    let codec = encoder::find_by_name("libx264").ok_or(ffmpeg::Error::EncoderNotFound).during("find x264")?;
    let mut context = codec::Context::new_with_codec(codec);
    // Old plans have 0, for which x264 uses the number of cores, so that its output would depend on the machine.
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
    let mut x264 = format!(
        "keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:force-cfr=1:\
         vbv-maxrate={}:vbv-bufsize={}:vbv-init={}:stitchable=1",
        encode.max_bitrate_kbps,
        encode.buffer_kbit,
        encode.buffer_start,
        gop = encode.gop_frames,
    );
    if goes_on {
        // An I picture gets the quantiser of the P pictures before it, divided by this; the first of all has none before it, and
        // gets a P picture's own (rate_estimate_qscale in x264's ratecontrol.c), which the next ones then go by.
        x264.push_str(&format!(":zones=0,0,b={IP_RATIO}"));
    }
    let crf = encode.crf.to_string();
    let options = av::dictionary(&[
        ("preset", &encode.preset),
        ("profile", "high"),
        ("level", &level),
        ("crf", &crf),
        ("forced-idr", "1"),
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
