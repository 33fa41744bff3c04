//! Which pictures decode: PNG and JPEG of a bounded size.
use std::io::Cursor;

use runtime::problem::Detail;
use zune_core::bytestream::ZCursor;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// The longest side in pixels: screenshots of a whole page are long.
const MOST_SIDE: u32 = 20_000;
/// The shortest side in pixels: a smaller picture shows nothing legible.
const LEAST_SIDE: u32 = 32;
/// The most pixels. With it, a progressive JPEG takes at most 150 MB: six bytes of coefficients and three of colour for
/// each pixel.
const MOST_PIXELS: u64 = 16_777_216;
/// What a PNG decoder may allocate besides one row, in bytes.
const PNG_BYTES: usize = 16 * 1024 * 1024;

/// Bytes at the start of a picture that identify its type.
pub(crate) const HEAD_BYTES: u64 = 8;
const PNG: (&str, &str) = ("image/png", "png");
const JPEG: (&str, &str) = ("image/jpeg", "jpg");

/// Media type and file extension of a picture that starts like this; `None` for everything else.
pub(crate) fn kind(head: &[u8]) -> Option<(&'static str, &'static str)> {
    match head {
        [0x89, b'P', b'N', b'G', ..] => Some(PNG),
        [0xff, 0xd8, ..] => Some(JPEG),
        _ => None,
    }
}

/// Decodes all of it and keeps nothing.
pub(super) fn decode(bytes: &[u8]) -> Result<(), Detail> {
    match kind(bytes) {
        Some(PNG) => decode_png(bytes),
        Some(_) => decode_jpeg(bytes),
        None => Err(Detail::new("不是 JPEG 或 PNG 图片", "neither JPEG nor PNG")),
    }
}

/// The error of a decoder. Decoders report in English, so their text is left out of the Chinese one.
fn broken(format: &str, error: impl std::fmt::Display) -> Detail {
    let found = pipeline::lang::shown(&error.to_string());
    Detail::new(format!("{format} 图片不完整或已损坏，请重新截图"), format!("{format}: {found}"))
}

fn decode_png(bytes: &[u8]) -> Result<(), Detail> {
    let unreadable = |error: png::DecodingError| broken("PNG", error);
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: PNG_BYTES });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(unreadable)?;
    let (width, height) = reader.info().size();
    bounded(width, height)?;
    while reader.next_row().map_err(unreadable)?.is_some() {}
    Ok(())
}

fn decode_jpeg(bytes: &[u8]) -> Result<(), Detail> {
    let unreadable = |error: zune_jpeg::errors::DecodeErrors| broken("JPEG", error);
    let side = MOST_SIDE as usize;
    // Without strict mode, a truncated picture decodes as a grey one.
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(side).set_max_height(side);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(unreadable)?;
    let info = decoder.info().ok_or_else(|| broken("JPEG", "no size"))?;
    bounded(info.width.into(), info.height.into())?;
    decoder.decode().map_err(unreadable)?;
    Ok(())
}

/// Checked before any memory of that size is allocated.
fn bounded(width: u32, height: u32) -> Result<(), Detail> {
    let sides = LEAST_SIDE..=MOST_SIDE;
    let fits = sides.contains(&width) && sides.contains(&height);
    if fits && u64::from(width) * u64::from(height) <= MOST_PIXELS {
        return Ok(());
    }
    Err(Detail::new(
        format!("{width}×{height} 像素；每边须为 {LEAST_SIDE} 至 {MOST_SIDE} 像素，总数不超过 {MOST_PIXELS}"),
        format!("{width}×{height} pixels; {LEAST_SIDE} to {MOST_SIDE} a side, {MOST_PIXELS} at most"),
    ))
}

#[cfg(test)]
mod tests {
    use pipeline::lang::Lang;

    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&vec![9; (width * height) as usize]).unwrap();
        writer.finish().unwrap();
        bytes
    }

    /// A grey baseline JPEG: one table of each kind, and two zero bits for each block.
    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
        bytes.extend([1; 64]);
        bytes.extend([0xff, 0xc0, 0, 11, 8]);
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes.extend([1, 1, 0x11, 0]);
        for class in [0x00, 0x10] {
            bytes.extend([0xff, 0xc4, 0, 20, class, 1]);
            bytes.extend([0; 16]);
        }
        bytes.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
        let blocks = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8));
        bytes.extend(vec![0; (blocks * 2).div_ceil(8)]);
        bytes.extend([0xff, 0xd9]);
        bytes
    }

    #[test]
    fn a_whole_picture_of_either_kind_decodes() {
        assert!(decode(&png(64, 40)).is_ok());
        assert!(decode(&jpeg(64, 64)).is_ok());
    }

    #[test]
    fn what_only_begins_like_a_picture_does_not() {
        let (png, jpeg) = (png(64, 64), jpeg(320, 192));
        let mut flipped = png.clone();
        let at = flipped.len() - 20;
        flipped[at] ^= 1;
        let cases: [&[u8]; 8] = [
            b"",
            b"GIF89a",
            &[0, 0, 0],
            b"\x89PNG\r\n\x1a\nnot much of a picture",
            b"\xff\xd8\xffsheet",
            &png[..png.len() - 16],
            &jpeg[..jpeg.len() / 2],
            &flipped,
        ];
        for case in cases {
            let why = decode(case).expect_err("it does not decode");
            let zh = why.text(Lang::Zh).replace("JPEG", "").replace("PNG", "");
            assert!(!zh.contains(|c: char| c.is_ascii_alphabetic()), "{zh}");
        }
    }

    #[test]
    fn a_size_beyond_the_bounds_is_refused_before_it_is_decoded() {
        assert!(bounded(31, 64).is_err() && bounded(20_001, 64).is_err() && bounded(5000, 5000).is_err());
        assert!(bounded(1170, 14_000).is_ok() && bounded(3024, 4032).is_ok());
        assert!(decode(&jpeg(65_000, 8)).is_err());
    }
}
