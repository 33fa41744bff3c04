//! The few places where libav is asked directly, because the safe bindings lack it or trust what a file says.
//!
//! Bindgen's enums are Rust enums, and a crafted file can put any number where libav keeps one (AV1 passes its colour
//! numbers through unchecked). So enums that come from files are read here as plain integers, and text as bytes.
use std::ffi::{CStr, CString, c_char, c_int};
use std::path::Path;
use std::ptr;

use ffmpeg::ffi;
use ffmpeg_next as ffmpeg;

use crate::text;

mod codes;
mod frame;
mod patched;
mod track;

pub(crate) use codes::codecs_of_code;
pub(crate) use frame::*;
pub(crate) use patched::{Patch, Patched};
pub(crate) use track::*;

/// A fraction as libav has it; the denominator may be anything.
pub(crate) type Rational = ffi::AVRational;

/// Prepares libav for this process.
pub(crate) fn init() {
    ffmpeg::log::set_level(ffmpeg::log::Level::Error);
}

/// Stops libav's log: after enough errors the next thousand say nothing new.
pub(crate) fn silence() {
    ffmpeg::log::set_level(ffmpeg::log::Level::Quiet);
}

/// A C string of libav's own, such as the name of a pixel format; `unknown` where there is none.
#[allow(unsafe_code)]
fn static_name(name: *const c_char) -> String {
    if name.is_null() {
        return "unknown".into();
    }
    // SAFETY: libav's name tables hold static, terminated strings.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}

/// Opens `path` with exactly the demuxer called `demuxer`, without looking into the streams yet. It is read through `patched`, if
/// there is one, which has to outlive the input.
#[allow(unsafe_code)]
pub(crate) fn open_input(
    path: &Path,
    demuxer: &str,
    options: &[(&str, &str)],
    patched: Option<&Patched>,
) -> Result<ffmpeg::format::context::Input, ffmpeg::Error> {
    let path = c_string(&path.to_string_lossy())?;
    let name = c_string(demuxer.split(',').next().unwrap_or(demuxer))?;
    let mut context = ptr::null_mut();
    // SAFETY: both strings live through the calls; avformat_open_input leaves `context` null when it fails (and frees one that it was
    // given), and the wrapper owns it when it succeeds. The dictionary is consumed by `own`.
    unsafe {
        if let Some(patched) = patched {
            context = ffi::avformat_alloc_context();
            if context.is_null() {
                return Err(ffmpeg::Error::Other { errno: libc::ENOMEM });
            }
            (*context).pb = patched.context();
        }
        let format = ffi::av_find_input_format(name.as_ptr());
        if format.is_null() {
            ffi::avformat_free_context(context);
            return Err(ffmpeg::Error::DemuxerNotFound);
        }
        let mut dictionary = dictionary(options).disown();
        let answer = ffi::avformat_open_input(&mut context, path.as_ptr(), format, &mut dictionary);
        drop(ffmpeg::Dictionary::own(dictionary));
        if answer < 0 {
            return Err(ffmpeg::Error::from(answer));
        }
        Ok(ffmpeg::format::context::Input::wrap(context))
    }
}

/// Looks into the streams, each under the same options as its later decoder.
#[allow(unsafe_code)]
pub(crate) fn find_streams(
    input: &mut ffmpeg::format::context::Input,
    options: &[(&str, &str)],
) -> Result<(), ffmpeg::Error> {
    // SAFETY: the array has one dictionary per stream that exists at the call, which is what libav reads and changes.
    unsafe {
        let mut each: Vec<_> = (0..input.nb_streams()).map(|_| dictionary(options).disown()).collect();
        let answer = ffi::avformat_find_stream_info(input.as_mut_ptr(), each.as_mut_ptr());
        each.into_iter().for_each(|left| drop(ffmpeg::Dictionary::own(left)));
        if answer < 0 { Err(ffmpeg::Error::from(answer)) } else { Ok(()) }
    }
}

/// Options as libav takes them.
pub(crate) fn dictionary(options: &[(&str, &str)]) -> ffmpeg::Dictionary<'static> {
    let mut dictionary = ffmpeg::Dictionary::new();
    for (key, value) in options {
        dictionary.set(key, value);
    }
    dictionary
}

fn c_string(text: &str) -> Result<CString, ffmpeg::Error> {
    CString::new(text).map_err(|_| ffmpeg::Error::InvalidData)
}

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

#[allow(unsafe_code)]
fn stream(input: &ffmpeg::format::context::Input, index: usize) -> Option<*mut ffi::AVStream> {
    // SAFETY: libav keeps nb_streams pointers there.
    (index < input.nb_streams() as usize).then(|| unsafe { *(*input.as_ptr()).streams.add(index) })
}

/// Reads an enum that a file may have set as the integer that it is.
#[allow(unsafe_code)]
unsafe fn raw<T>(value: *const T) -> c_int {
    const { assert!(size_of::<T>() == size_of::<c_int>()) };
    // SAFETY: the caller passes a valid pointer; C enums have the size of an int, checked above.
    unsafe { value.cast::<c_int>().read() }
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

/// A packet like `packet` in all but its bytes, which are `before` and then its own.
#[allow(unsafe_code)]
pub(crate) fn prepended(packet: &ffmpeg::Packet, before: &[u8]) -> Result<ffmpeg::Packet, ffmpeg::Error> {
    use ffmpeg::packet::{Mut, Ref};
    let own = packet.data().unwrap_or_default();
    let mut joined = ffmpeg::Packet::copy(&[before, own].concat());
    // SAFETY: both packets are valid; stamps, flags, stream, position and side data are copied, the bytes are not touched.
    let answer = unsafe { ffi::av_packet_copy_props(joined.as_mut_ptr(), packet.as_ptr()) };
    if answer < 0 { Err(ffmpeg::Error::from(answer)) } else { Ok(joined) }
}

/// Name of a codec by its number, as `h264`.
#[allow(unsafe_code)]
pub(crate) fn codec_name(codec: c_int) -> String {
    // SAFETY: the descriptor table is static; an unknown number finds nothing. Calling through an integer keeps a
    // number that is no variant from becoming a Rust enum.
    unsafe {
        let find: unsafe extern "C" fn(c_int) -> *const ffi::AVCodecDescriptor =
            std::mem::transmute(ffi::avcodec_descriptor_get as *const ());
        let descriptor = find(codec);
        if descriptor.is_null() { "unknown".into() } else { static_name((*descriptor).name) }
    }
}

/// Name of a profile, as `High`; empty where the codec has none.
#[allow(unsafe_code)]
pub(crate) fn profile_name(codec: c_int, profile: c_int) -> String {
    // SAFETY: as in `codec_name`.
    unsafe {
        let find: unsafe extern "C" fn(c_int, c_int) -> *const c_char =
            std::mem::transmute(ffi::avcodec_profile_name as *const ());
        let name = find(codec, profile);
        if name.is_null() { String::new() } else { static_name(name) }
    }
}

/// Tells the demuxer which streams are wanted; it skips the others where it can.
#[allow(unsafe_code)]
pub(crate) fn keep_only(input: &mut ffmpeg::format::context::Input, wanted: &[usize]) {
    for index in 0..input.nb_streams() as usize {
        let discard =
            if wanted.contains(&index) { ffi::AVDiscard::AVDISCARD_DEFAULT } else { ffi::AVDiscard::AVDISCARD_ALL };
        if let Some(stream) = stream(input, index) {
            // SAFETY: the input is borrowed mutably.
            unsafe { (*stream).discard = discard };
        }
    }
}

/// Where the file's timeline begins, in microseconds, as libav found it; `None` if it did not.
#[allow(unsafe_code)]
pub(crate) fn start_time_us(input: &ffmpeg::format::context::Input) -> Option<i64> {
    // SAFETY: reads a number.
    let start = unsafe { (*input.as_ptr()).start_time };
    (start != ffi::AV_NOPTS_VALUE).then_some(start)
}

/// All tags of the file and of its streams whose key satisfies `wanted`, made harmless and at most `max` characters long.
pub(crate) fn tags(
    input: &ffmpeg::format::context::Input,
    max: usize,
    wanted: impl Fn(&str) -> bool,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    each_tag(input, |key, value| {
        let key = text::clean(key.to_bytes(), text::MAX_TEXT);
        if wanted(&key) {
            found.push((key, text::clean(value.to_bytes(), max)));
        }
    });
    found
}

/// Shows every tag of the file and of its streams to `see`.
#[allow(unsafe_code)]
fn each_tag(input: &ffmpeg::format::context::Input, mut see: impl FnMut(&CStr, &CStr)) {
    // SAFETY: dictionaries belong to the context; av_dict_get walks entries whose key and value are terminated.
    unsafe {
        let mut dictionaries = vec![(*input.as_ptr()).metadata];
        dictionaries
            .extend((0..input.nb_streams() as usize).filter_map(|index| stream(input, index)).map(|s| (*s).metadata));
        for dictionary in dictionaries {
            let mut entry = ptr::null_mut();
            loop {
                entry = ffi::av_dict_get(dictionary, c"".as_ptr(), entry, ffi::AV_DICT_IGNORE_SUFFIX as c_int);
                if entry.is_null() {
                    break;
                }
                see(CStr::from_ptr((*entry).key), CStr::from_ptr((*entry).value));
            }
        }
    }
}

/// Bytes of text in all tags, as libav holds them.
pub(crate) fn tag_bytes(input: &ffmpeg::format::context::Input) -> u64 {
    let mut bytes = 0;
    each_tag(input, |key, value| bytes += (key.to_bytes().len() + value.to_bytes().len()) as u64);
    bytes
}

/// How long the container's header says that the file lasts, in milliseconds, as read by the demuxer before any stream was
/// looked into; `None` where it says nothing.
#[allow(unsafe_code)]
pub(crate) fn claimed_duration_ms(input: &ffmpeg::format::context::Input) -> Option<u64> {
    // SAFETY: reads a number.
    let us = unsafe { (*input.as_ptr()).duration };
    u64::try_from(us).ok().filter(|us| *us > 0).map(|us| us / 1000)
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

/// Profile and level of what a decoder last decoded, as libav counts them.
#[allow(unsafe_code)]
pub(crate) fn coding(decoder: &ffmpeg::codec::decoder::Opened) -> (c_int, c_int) {
    // SAFETY: an opened decoder's context is valid; reads numbers.
    unsafe { ((*decoder.as_ptr()).profile, (*decoder.as_ptr()).level) }
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

/// Moves reading of stream `index` to the key frame at or before `ticks`.
#[allow(unsafe_code)]
pub(crate) fn seek(input: &mut ffmpeg::format::context::Input, index: usize, ticks: i64) -> bool {
    let Ok(index) = c_int::try_from(index) else { return false };
    // SAFETY: the input is borrowed mutably; libav checks the index.
    unsafe { ffi::av_seek_frame(input.as_mut_ptr(), index, ticks, ffi::AVSEEK_FLAG_BACKWARD as c_int) >= 0 }
}

/// A packet with the same content that is shown, whatever an edit list says.
#[allow(unsafe_code)]
pub(crate) fn kept(packet: &ffmpeg::Packet) -> ffmpeg::Packet {
    use ffmpeg::packet::Mut;
    let mut kept = packet.clone();
    // SAFETY: the packet is our own; clears a flag.
    unsafe { (*kept.as_mut_ptr()).flags &= !(ffi::AV_PKT_FLAG_DISCARD as c_int) };
    kept
}

/// Whether a packet is only read for others to refer to, and never shown (before an edit list's start).
#[allow(unsafe_code)]
pub(crate) fn is_discarded(packet: &ffmpeg::Packet) -> bool {
    use ffmpeg::packet::Ref;
    // SAFETY: reads a number.
    unsafe { (*packet.as_ptr()).flags & ffi::AV_PKT_FLAG_DISCARD as c_int != 0 }
}
