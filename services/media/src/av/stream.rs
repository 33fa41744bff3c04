//! What the container says of one stream, as plain numbers.
use std::ffi::c_int;
use std::ptr;

use ffmpeg::ffi;
use ffmpeg_next as ffmpeg;

use super::raw::{Rational, raw, stream};
use crate::text;

/// What libav says of a stream before decoding, as plain numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamFacts {
    pub(crate) medium: Medium,
    pub(crate) codec: c_int,
    pub(crate) profile: c_int,
    pub(crate) level: c_int,
    pub(crate) width: c_int,
    pub(crate) height: c_int,
    pub(crate) time_base: Rational,
}

/// What a stream carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    Video,
    Audio,
    Other,
}

/// Facts of stream `index`.
#[allow(unsafe_code)]
pub(crate) fn stream_facts(input: &ffmpeg::format::context::Input, index: usize) -> Option<StreamFacts> {
    let stream = stream(input, index)?;
    // SAFETY: streams and their parameters live as long as the input; enums are read as integers of the same size.
    unsafe {
        let parameters = (*stream).codecpar;
        let kind = raw(&raw const (*parameters).codec_type);
        let cover = (*stream).disposition & ffi::AV_DISPOSITION_ATTACHED_PIC as c_int != 0;
        let medium = match kind {
            0 if !cover => Medium::Video,
            1 => Medium::Audio,
            _ => Medium::Other,
        };
        Some(StreamFacts {
            medium,
            codec: raw(&raw const (*parameters).codec_id),
            profile: (*parameters).profile,
            level: (*parameters).level,
            width: (*parameters).width,
            height: (*parameters).height,
            time_base: (*stream).time_base,
        })
    }
}

/// The number of stream `index` within its format: of an ISO file the track's.
#[allow(unsafe_code)]
pub(crate) fn stream_id(input: &ffmpeg::format::context::Input, index: usize) -> Option<u32> {
    // SAFETY: reads a number. Its 32 bits are the track's, whatever the sign.
    stream(input, index).map(|stream| unsafe { (*stream).id } as u32)
}

/// The four-character code of stream `index` as text, where the format has one.
#[allow(unsafe_code)]
pub(crate) fn stream_code(input: &ffmpeg::format::context::Input, index: usize) -> Option<String> {
    // SAFETY: reads a number.
    let code = stream(input, index).map(|stream| unsafe { (*(*stream).codecpar).codec_tag }.to_le_bytes())?;
    let printable = code.iter().all(|byte| (0x20..0x7f).contains(byte));
    printable.then(|| text::clean(&code, 4).trim().to_owned()).filter(|code| !code.is_empty())
}

/// Makes libav take stream `index` for `codec`. To be called before the streams are looked into, which is where libav expects it.
#[allow(unsafe_code)]
pub(crate) fn set_codec(input: &mut ffmpeg::format::context::Input, index: usize, codec: ffmpeg::codec::Id) {
    if let Some(stream) = stream(input, index) {
        // SAFETY: the input is borrowed mutably, and its streams have parameters.
        unsafe { (*(*stream).codecpar).codec_id = codec.into() };
    }
}

/// What the container says of a stream's colour, as numbers: primaries, transfer, matrix, range. Only before the streams are looked
/// into: then libav replaces it by what the decoder says.
#[allow(unsafe_code)]
pub(crate) fn stated_colour(input: &ffmpeg::format::context::Input, index: usize) -> Option<[c_int; 4]> {
    let stream = stream(input, index)?;
    // SAFETY: streams have parameters; enums are read as integers.
    unsafe {
        let parameters = (*stream).codecpar;
        Some([
            raw(&raw const (*parameters).color_primaries),
            raw(&raw const (*parameters).color_trc),
            raw(&raw const (*parameters).color_space),
            raw(&raw const (*parameters).color_range),
        ])
    }
}

/// Of a stream of Dolby Vision in any format, its profile, whether it has a base layer, and what that is compatible with.
#[allow(unsafe_code)]
pub(crate) fn dolby_vision(input: &ffmpeg::format::context::Input, index: usize) -> Option<(u8, bool, u8)> {
    let stream = stream(input, index)?;
    let mut size = 0;
    // SAFETY: libav owns the side data; the record is eight single bytes (AVDOVIDecoderConfigurationRecord), read if all are there.
    let record = unsafe {
        let data = ffi::av_stream_get_side_data(stream, ffi::AVPacketSideDataType::AV_PKT_DATA_DOVI_CONF, &mut size);
        (!data.is_null() && size >= 8).then(|| data.cast::<[u8; 8]>().read())?
    };
    // Version (two bytes), profile, level, three flags (metadata, enhancement layer, base layer), compatibility.
    Some((record[2], record[6] != 0, record[7]))
}

/// When the first packet of stream `index` is shown, in its own ticks, as libav found it; `None` if it did not.
#[allow(unsafe_code)]
pub(crate) fn stream_start(input: &ffmpeg::format::context::Input, index: usize) -> Option<i64> {
    let stream = stream(input, index)?;
    // SAFETY: reads a number.
    let ticks = unsafe { (*stream).start_time };
    (ticks != ffi::AV_NOPTS_VALUE).then_some(ticks)
}

/// How long stream `index` lasts as its header says, in its own ticks; `None` where it says nothing.
#[allow(unsafe_code)]
pub(crate) fn stream_duration(input: &ffmpeg::format::context::Input, index: usize) -> Option<i64> {
    let stream = stream(input, index)?;
    // SAFETY: reads a number.
    let ticks = unsafe { (*stream).duration };
    (ticks > 0).then_some(ticks)
}

/// How many pictures of stream `index` a decoder holds back to show them in order, as far as its first ones and its header say.
#[allow(unsafe_code)]
pub(crate) fn reorder_delay(input: &ffmpeg::format::context::Input, index: usize) -> usize {
    // SAFETY: streams have parameters; reads a number.
    let delay = stream(input, index).map_or(0, |stream| unsafe { (*(*stream).codecpar).video_delay });
    usize::try_from(delay).unwrap_or(0)
}

/// The display matrix of a stream: rotation and mirroring as the container says.
#[allow(unsafe_code)]
pub(crate) fn display_matrix(input: &ffmpeg::format::context::Input, index: usize) -> Option<[i32; 9]> {
    let stream = stream(input, index)?;
    let mut size = 0;
    // SAFETY: libav owns the side data; it is read unaligned and only if all of it is there.
    unsafe {
        let data =
            ffi::av_stream_get_side_data(stream, ffi::AVPacketSideDataType::AV_PKT_DATA_DISPLAYMATRIX, &mut size);
        (!data.is_null() && size >= size_of::<[i32; 9]>()).then(|| data.cast::<[i32; 9]>().read_unaligned())
    }
}

/// Pixel aspect of a frame, the container's word before the codec's, as players do; without a frame, the headers'.
#[allow(unsafe_code)]
pub(crate) fn pixel_aspect(
    input: &ffmpeg::format::context::Input,
    index: usize,
    frame: Option<&ffmpeg::frame::Video>,
) -> Rational {
    let stream = stream(input, index).unwrap_or(ptr::null_mut());
    // SAFETY: libav only reads the three and accepts a null stream and a null frame.
    unsafe {
        let frame = frame.map_or(ptr::null_mut(), |frame| frame.as_ptr().cast_mut());
        ffi::av_guess_sample_aspect_ratio(input.as_ptr().cast_mut(), stream, frame)
    }
}

/// First byte after the last sample that the index of a stream knows.
#[allow(unsafe_code)]
pub(crate) fn index_end(input: &ffmpeg::format::context::Input, index: usize) -> u64 {
    let Some(stream) = stream(input, index) else { return 0 };
    // SAFETY: libav answers null for an entry that it does not have, and the input is not changed while they are read.
    unsafe {
        let entries = 0..ffi::avformat_index_get_entries_count(stream);
        let ends = entries.filter_map(|number| {
            let entry = ffi::avformat_index_get_entry(stream, number);
            let end = (!entry.is_null()).then(|| (*entry).pos.saturating_add(i64::from((*entry).size())))?;
            u64::try_from(end).ok()
        });
        ends.max().unwrap_or(0)
    }
}

/// A stream's setup record (avcC, AudioSpecificConfig); empty where there is none.
#[allow(unsafe_code)]
pub(crate) fn extradata(parameters: &ffmpeg::codec::Parameters) -> Vec<u8> {
    // SAFETY: libav keeps extradata_size bytes there, or null.
    unsafe {
        let raw = parameters.as_ptr();
        match usize::try_from((*raw).extradata_size) {
            Ok(size @ 1..) if !(*raw).extradata.is_null() => {
                std::slice::from_raw_parts((*raw).extradata, size).to_vec()
            }
            _ => Vec::new(),
        }
    }
}
