//! Decoded frames, asked as plain numbers: what a picture or a block of sound says of itself, and its samples.
use std::ffi::{CStr, c_char, c_int};

use ffmpeg::ffi;
use ffmpeg_next as ffmpeg;

use super::raw::{raw, static_name};
use crate::error::{Error, Result};

/// What a decoded picture says of itself, as plain numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PictureFacts {
    pub(crate) width: c_int,
    pub(crate) height: c_int,
    pub(crate) format: c_int,
    pub(crate) matrix: c_int,
    pub(crate) primaries: c_int,
    pub(crate) transfer: c_int,
    pub(crate) range: c_int,
    pub(crate) interlaced: bool,
    pub(crate) top_first: bool,
}

/// Facts of a decoded picture.
#[allow(unsafe_code)]
pub(crate) fn picture_facts(frame: &ffmpeg::frame::Video) -> PictureFacts {
    // SAFETY: the frame is valid; enums are read as integers.
    unsafe {
        let frame = frame.as_ptr();
        PictureFacts {
            width: (*frame).width,
            height: (*frame).height,
            format: (*frame).format,
            matrix: raw(&raw const (*frame).colorspace),
            primaries: raw(&raw const (*frame).color_primaries),
            transfer: raw(&raw const (*frame).color_trc),
            range: raw(&raw const (*frame).color_range),
            interlaced: (*frame).interlaced_frame != 0,
            top_first: (*frame).top_field_first != 0,
        }
    }
}

/// Makes a picture say the colour of `facts` of itself, as plain numbers that libav has names for.
#[allow(unsafe_code)]
pub(crate) fn set_colour(frame: &mut ffmpeg::frame::Video, facts: PictureFacts) {
    // SAFETY: the frame is valid; enums of C are written as the integers that they are, as they are read everywhere here.
    unsafe {
        let frame = frame.as_mut_ptr();
        (&raw mut (*frame).colorspace).cast::<c_int>().write(facts.matrix);
        (&raw mut (*frame).color_primaries).cast::<c_int>().write(facts.primaries);
        (&raw mut (*frame).color_trc).cast::<c_int>().write(facts.transfer);
        (&raw mut (*frame).color_range).cast::<c_int>().write(facts.range);
    }
}

/// Makes `ticks` the time of a picture.
#[allow(unsafe_code)]
pub(crate) fn set_time(frame: &mut ffmpeg::frame::Video, ticks: i64) {
    // SAFETY: the frame is valid; writes numbers.
    unsafe {
        let frame = frame.as_mut_ptr();
        (*frame).pts = ticks;
        (*frame).best_effort_timestamp = ticks;
    }
}

/// Another frame with the same picture, which must not be written to; time stamp and type are its own.
#[allow(unsafe_code)]
pub(crate) fn share(frame: &ffmpeg::frame::Video) -> Result<ffmpeg::frame::Video> {
    // SAFETY: the frame is valid; libav answers with a new reference that the wrapper owns, or with null.
    unsafe {
        let shared = ffi::av_frame_clone(frame.as_ptr());
        if shared.is_null() { Err(Error::out_of_memory()) } else { Ok(ffmpeg::frame::Video::wrap(shared)) }
    }
}

/// How long a frame's packet said that it lasts, in the stream's time base; 0 if it did not.
pub(crate) fn frame_duration(frame: &ffmpeg::Frame) -> i64 {
    // The binding knows what the field is called in which FFmpeg: FFmpeg 7 gave it another name.
    frame.packet().duration
}

/// Whether the decoder marked the frame as damaged or patched up.
#[allow(unsafe_code)]
pub(crate) fn is_damaged(frame: &ffmpeg::Frame) -> bool {
    // SAFETY: reads numbers.
    unsafe {
        (*frame.as_ptr()).decode_error_flags != 0 || (*frame.as_ptr()).flags & ffi::AV_FRAME_FLAG_CORRUPT as c_int != 0
    }
}

macro_rules! name_of {
    ($(#[$doc:meta])* $name:ident, $function:ident) => {
        $(#[$doc])*
        #[allow(unsafe_code)]
        pub(crate) fn $name(number: c_int) -> String {
            // SAFETY: looks a number up in a static table and bounds it; called through an integer, so that a number
            // that is no variant never becomes a Rust enum.
            unsafe {
                let find: unsafe extern "C" fn(c_int) -> *const c_char = std::mem::transmute(ffi::$function as *const ());
                static_name(find(number))
            }
        }
    };
}

name_of!(
    /// Name of a pixel format.
    pixel_format_name, av_get_pix_fmt_name
);
name_of!(
    /// Name of a matrix.
    matrix_name, av_color_space_name
);
name_of!(
    /// Name of primaries.
    primaries_name, av_color_primaries_name
);
name_of!(
    /// Name of a transfer characteristic.
    transfer_name, av_color_transfer_name
);

/// How the brightness of a pixel format lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LumaLayout {
    /// Which plane.
    pub(crate) plane: usize,
    /// Bytes from one sample to the next.
    pub(crate) step: usize,
    /// Bytes before the first.
    pub(crate) offset: usize,
    /// Bits to shift right.
    pub(crate) shift: u32,
    /// Bits of a sample.
    pub(crate) depth: u32,
}

/// Layout of the first component (Y, grey, or one of RGB) of a pixel format; `None` for those of hardware, palettes and bits.
#[allow(unsafe_code)]
pub(crate) fn luma_layout(format: c_int) -> Option<LumaLayout> {
    // SAFETY: the descriptor table is static; an unknown number finds nothing.
    unsafe {
        let find: unsafe extern "C" fn(c_int) -> *const ffi::AVPixFmtDescriptor =
            std::mem::transmute(ffi::av_pix_fmt_desc_get as *const ());
        let descriptor = find(format);
        if descriptor.is_null() {
            return None;
        }
        let strange = ffi::AV_PIX_FMT_FLAG_HWACCEL
            | ffi::AV_PIX_FMT_FLAG_PAL
            | ffi::AV_PIX_FMT_FLAG_BITSTREAM
            | ffi::AV_PIX_FMT_FLAG_BE;
        let component = (*descriptor).comp[0];
        let whole = |number: c_int| usize::try_from(number).ok();
        ((*descriptor).flags & u64::from(strange as u32) == 0).then_some(())?;
        Some(LumaLayout {
            plane: whole(component.plane)?,
            step: whole(component.step)?,
            offset: whole(component.offset)?,
            shift: u32::try_from(component.shift).ok()?,
            depth: u32::try_from(component.depth).ok()?,
        })
    }
}

/// One row of a plane, `bytes` long; `None` where the frame has no such row.
#[allow(unsafe_code)]
pub(crate) fn row(frame: &ffmpeg::frame::Video, plane: usize, y: usize, bytes: usize) -> Option<&[u8]> {
    // SAFETY: the row index is below the frame's height and the length within its stride, which libav allocates in
    // full. Planes with fewer rows (chroma) are never asked for: callers pass the luma plane.
    unsafe {
        let raw = frame.as_ptr();
        let data = (*raw).data.get(plane).copied().filter(|data| !data.is_null())?;
        let stride = isize::try_from(*(*raw).linesize.get(plane)?).ok()?;
        let fits = y < usize::try_from((*raw).height).ok()? && bytes <= stride.unsigned_abs();
        fits.then(|| std::slice::from_raw_parts(data.offset(stride * isize::try_from(y).unwrap_or(0)), bytes))
    }
}

/// A hash of the brightness of a decoded picture: equal pictures have the same one. 0 for what has none that can be read.
pub(crate) fn print(frame: &ffmpeg::frame::Video) -> u64 {
    let facts = picture_facts(frame);
    let Some(layout) = luma_layout(facts.format) else { return 0 };
    let (width, height) = (facts.width.unsigned_abs() as usize, facts.height.unsigned_abs() as usize);
    let mut hash = 0u64;
    let mut add = |word: u64| hash = (hash.rotate_left(29) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for y in 0..height {
        // A sample never takes more than `step` bytes.
        let Some(row) = row(frame, layout.plane, y, width * layout.step) else { return 0 };
        let (words, rest) = row.as_chunks::<8>();
        words.iter().for_each(|word| add(u64::from_le_bytes(*word)));
        rest.iter().for_each(|byte| add(u64::from(*byte)));
    }
    hash
}

/// What a decoded block of sound says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SoundFacts {
    pub(crate) rate: u32,
    pub(crate) channels: u32,
    pub(crate) format: c_int,
    pub(crate) layout: String,
}

/// Facts of a decoded block of sound.
#[allow(unsafe_code)]
pub(crate) fn sound_facts(frame: &ffmpeg::frame::Audio) -> SoundFacts {
    let mut text = [0 as c_char; 64];
    // SAFETY: the buffer's length is passed, and libav terminates what it writes there.
    let layout = unsafe {
        let raw = frame.as_ptr();
        ffi::av_channel_layout_describe(&raw const (*raw).ch_layout, text.as_mut_ptr(), text.len());
        CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned()
    };
    // SAFETY: reads numbers.
    unsafe {
        let raw = frame.as_ptr();
        SoundFacts {
            rate: u32::try_from((*raw).sample_rate).unwrap_or(0),
            channels: u32::try_from((*raw).ch_layout.nb_channels).unwrap_or(0),
            format: (*raw).format,
            layout,
        }
    }
}

/// Adds the samples of a block of sound to `channels`, one list each, as floats of ±1 full scale.
/// False when the sample format is none that libav's software decoders give.
#[allow(unsafe_code)]
pub(crate) fn samples(frame: &ffmpeg::frame::Audio, channels: &mut [Vec<f32>]) -> bool {
    let facts = sound_facts(frame);
    let count = frame.samples();
    let (bytes, planar) = match facts.format {
        0 | 5 => (1, facts.format == 5),
        1 | 6 => (2, facts.format == 6),
        2 | 3 | 7 | 8 => (4, facts.format >= 7),
        4 | 9 => (8, facts.format == 9),
        _ => return false,
    };
    let all = facts.channels as usize;
    if channels.len() != all {
        return false;
    }
    for (index, channel) in channels.iter_mut().enumerate() {
        // Packed sound has all channels in one plane, sample by sample.
        let (plane, length) = if planar { (index, count) } else { (0, count * all) };
        let (first, step) = if planar { (0, 1) } else { (index, all) };
        // SAFETY: extended_data has a pointer per channel for planar and one for packed sound, each of at least
        // samples × bytes (× channels when packed).
        let data = unsafe {
            let start = *(*frame.as_ptr()).extended_data.add(plane);
            if start.is_null() {
                return false;
            }
            std::slice::from_raw_parts(start, length * bytes)
        };
        channel.extend(data.chunks_exact(bytes).skip(first).step_by(step).map(|sample| float(facts.format, sample)));
    }
    true
}

/// One sample as a float. NaN becomes silence, since one of them would make every later measurement NaN.
fn float(format: c_int, bytes: &[u8]) -> f32 {
    let value = match (format % 5, bytes) {
        (0, [a]) => (f32::from(*a) - 128.0) / 128.0,
        (1, [a, b]) => f32::from(i16::from_ne_bytes([*a, *b])) / 32768.0,
        (2, [a, b, c, d]) => i32::from_ne_bytes([*a, *b, *c, *d]) as f32 / 2_147_483_648.0,
        (3, [a, b, c, d]) => f32::from_ne_bytes([*a, *b, *c, *d]),
        (4, [a, b, c, d, e, f, g, h]) => f64::from_ne_bytes([*a, *b, *c, *d, *e, *f, *g, *h]) as f32,
        _ => 0.0,
    };
    if value.is_finite() { value.clamp(-8.0, 8.0) } else { 0.0 }
}

/// Sets the quantiser that an encoder of fixed quality takes for this frame.
#[allow(unsafe_code)]
pub(crate) fn set_quality(frame: &mut ffmpeg::frame::Video, quality: c_int) {
    // SAFETY: writes a number.
    unsafe { (*frame.as_mut_ptr()).quality = quality };
}

/// Marks a frame as two fields, the upper one first.
#[allow(unsafe_code)]
pub(crate) fn set_interlaced(frame: &mut ffmpeg::frame::Video) {
    // SAFETY: writes numbers.
    unsafe {
        (*frame.as_mut_ptr()).interlaced_frame = 1;
        (*frame.as_mut_ptr()).top_field_first = 1;
    }
}
