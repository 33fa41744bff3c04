//! JPEG pictures: brought to the format's own colours, and encoded at a quality.
use ffmpeg::{codec, encoder, frame};
use ffmpeg_next as ffmpeg;

use crate::av;
use crate::av::graph::Graph;
use crate::error::{During, Error, Result};

/// libav's lambda for one step of quality (FF_QP2LAMBDA).
const LAMBDA: i32 = 118;

/// A part of a picture: left, top, width and height in pixels, all even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// A part of a BT.709 picture, scaled, in JPEG's own colours (BT.601, full range).
pub(crate) fn convert(picture: &frame::Video, part: Window, (width, height): (u32, u32)) -> Result<frame::Video> {
    let format = av::picture_facts(picture).format;
    let Window { x, y, width: wide, height: high } = part;
    let mut graph = Graph::video(&format!(
        "buffer@in=video_size={}x{}:pix_fmt={format}:time_base=1/1:pixel_aspect=1/1,\
         crop={wide}:{high}:{x}:{y},\
         scale={width}:{height}:in_color_matrix=bt709:out_color_matrix=bt601:in_range=tv:out_range=pc:\
         flags=lanczos+accurate_rnd+full_chroma_inp+bitexact,\
         format=yuvj420p,buffersink@0",
        picture.width(),
        picture.height(),
    ))?;
    // The graph takes a picture's content, and this one is still wanted.
    graph.push(&mut picture.clone())?;
    let mut converted = frame::Video::empty();
    if !graph.pull(0, &mut converted)? {
        return Err(Error::Failed("the picture was not converted for JPEG".into()));
    }
    Ok(converted)
}

/// A picture of `convert` as a JPEG of this quality as ffmpeg counts it, 2 (best) to 31.
pub(crate) fn encode(picture: &mut frame::Video, quality: i32) -> Result<Vec<u8>> {
    picture.set_pts(Some(0));
    picture.set_kind(ffmpeg::picture::Type::None);
    let codec = encoder::find_by_name("mjpeg").ok_or(ffmpeg::Error::EncoderNotFound).during("find the JPEG encoder")?;
    let mut video = codec::Context::new_with_codec(codec).encoder().video().during("prepare JPEG")?;
    video.set_width(picture.width());
    video.set_height(picture.height());
    video.set_format(ffmpeg::format::Pixel::YUVJ420P);
    video.set_time_base(ffmpeg::Rational::new(1, 25));
    video.set_flags(codec::Flags::QSCALE | codec::Flags::BITEXACT);
    video.set_global_quality(quality * LAMBDA);
    let options = av::dictionary(&[("threads", "1"), ("color_range", "pc")]);
    let mut jpeg = video.open_as_with(codec, options).during("open the JPEG encoder")?;
    av::set_quality(picture, quality * LAMBDA);
    jpeg.send_frame(picture).during("encode a JPEG")?;
    jpeg.send_eof().during("encode a JPEG")?;
    let mut packet = ffmpeg::Packet::empty();
    jpeg.receive_packet(&mut packet).during("encode a JPEG")?;
    Ok(packet.data().unwrap_or_default().to_vec())
}
