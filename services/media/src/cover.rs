//! Takes the cover of a finished rendition: the sharpest of a few key frames that is not black.
use std::path::Path;

use ffmpeg::{codec, encoder, frame};
use ffmpeg_next as ffmpeg;
use pipeline::media_info::FieldOrder;

use crate::av;
use crate::child::protocol::{Cover, Limits};
use crate::error::{During, Error, Result};
use crate::graph::Graph;
use crate::reader::Reader;

/// How many pictures are looked at, spread over the work, its very beginning and end left out.
const CANDIDATES: u64 = 8;
/// JPEG quality as ffmpeg counts it, 2 (best) to 31.
const QUALITY: i32 = 3;
/// libav's lambda for one step of quality (FF_QP2LAMBDA).
const LAMBDA: i32 = 118;
/// At most this share of the samples may be dark, in percent, or the picture counts as black.
const DARK_SHARE: u64 = 90;

/// Takes a cover of the mp4 at `path` and writes it to `output`.
pub(crate) fn take(path: &Path, file: &str, output: &Path, duration_ms: u64, limits: &Limits) -> Result<Cover> {
    let mut reader = Reader::open(path, 0, FieldOrder::Progressive, limits)?;
    let mut best: Option<(u64, f64, frame::Video)> = None;
    for candidate in 0..CANDIDATES {
        let wanted = duration_ms as f64 / 1000.0 * (candidate as f64 + 0.5) / CANDIDATES as f64;
        reader.seek(wanted, limits)?;
        let Some((frame, at, _)) = reader.next(limits)? else { continue };
        let score = score(&frame);
        // Of equals the first, so that the same file always gives the same cover.
        if best.as_ref().is_none_or(|(most, _, _)| score > *most) {
            best = Some((score, at, frame));
        }
    }
    let (_, at, mut frame) = best.ok_or_else(|| Error::Failed("no picture to take a cover of".into()))?;
    let bytes = jpeg(&mut frame)?;
    std::fs::write(output, &bytes).during("write the cover")?;
    let at_ms = (at * 1000.0).round().max(0.0) as u64;
    Ok(Cover { file: file.into(), width: frame.width(), height: frame.height(), bytes: bytes.len() as u64, at_ms })
}

/// How much there is to see: mean step between neighbours, and next to nothing for the dark ones.
fn score(frame: &frame::Video) -> u64 {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let (mut steps, mut dark, mut all) = (0u64, 0u64, 0u64);
    for y in (0..height).step_by(4) {
        let Some(row) = av::row(frame, 0, y, width) else { continue };
        for pair in row.windows(2).step_by(2) {
            steps += u64::from(pair[0].abs_diff(pair[1]));
            dark += u64::from(pair[0] < 40);
            all += 1;
        }
    }
    let black = dark * 100 > all * DARK_SHARE;
    steps * 1000 / all.max(1) / if black { 1000 } else { 1 }
}

/// The picture as a JPEG of the same size, in JPEG's own colours (BT.601, full range).
fn jpeg(picture: &mut frame::Video) -> Result<Vec<u8>> {
    let (width, height) = (picture.width(), picture.height());
    let format = av::picture_facts(picture).format;
    let mut graph = Graph::video(&format!(
        "buffer@in=video_size={width}x{height}:pix_fmt={format}:time_base=1/1:pixel_aspect=1/1,\
         scale=in_color_matrix=bt709:out_color_matrix=bt601:in_range=tv:out_range=pc:flags=accurate_rnd+bitexact,\
         format=yuvj420p,buffersink@0"
    ))?;
    // The graph takes the picture's content; its size is still asked for.
    let mut copy = picture.clone();
    graph.push(&mut copy)?;
    let mut converted = frame::Video::empty();
    if !graph.pull(0, &mut converted)? {
        return Err(Error::Failed("the cover was not converted".into()));
    }
    converted.set_pts(Some(0));
    converted.set_kind(ffmpeg::picture::Type::None);
    let codec = encoder::find_by_name("mjpeg").ok_or(ffmpeg::Error::EncoderNotFound).during("find the JPEG encoder")?;
    let mut video = codec::Context::new_with_codec(codec).encoder().video().during("prepare JPEG")?;
    video.set_width(width);
    video.set_height(height);
    video.set_format(ffmpeg::format::Pixel::YUVJ420P);
    video.set_time_base(ffmpeg::Rational::new(1, 25));
    video.set_flags(codec::Flags::QSCALE | codec::Flags::BITEXACT);
    video.set_global_quality(QUALITY * LAMBDA);
    let options = av::dictionary(&[("threads", "1"), ("color_range", "pc")]);
    let mut jpeg = video.open_as_with(codec, options).during("open the JPEG encoder")?;
    av::set_quality(&mut converted, QUALITY * LAMBDA);
    jpeg.send_frame(&converted).during("encode the cover")?;
    jpeg.send_eof().during("encode the cover")?;
    let mut packet = ffmpeg::Packet::empty();
    jpeg.receive_packet(&mut packet).during("encode the cover")?;
    Ok(packet.data().unwrap_or_default().to_vec())
}
