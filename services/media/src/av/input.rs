//! An open file: its demuxer, which of its streams are read and from where, and its tags.
use std::ffi::{CStr, c_int};
use std::path::Path;
use std::ptr;

use ffmpeg::ffi;
use ffmpeg_next as ffmpeg;

use super::patched::Patched;
use super::raw::{c_string, dictionary, stream};
use crate::text;

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

/// Selects the streams that the demuxer returns; it skips the others where it can.
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

/// Moves reading of stream `index` to the key frame at or before `ticks`.
#[allow(unsafe_code)]
pub(crate) fn seek(input: &mut ffmpeg::format::context::Input, index: usize, ticks: i64) -> bool {
    let Ok(index) = c_int::try_from(index) else { return false };
    // SAFETY: the input is borrowed mutably; libav checks the index.
    unsafe { ffi::av_seek_frame(input.as_mut_ptr(), index, ticks, ffi::AVSEEK_FLAG_BACKWARD as c_int) >= 0 }
}

/// Where the file's timeline begins, in microseconds, as libav found it; `None` if it did not.
#[allow(unsafe_code)]
pub(crate) fn start_time_us(input: &ffmpeg::format::context::Input) -> Option<i64> {
    // SAFETY: reads a number.
    let start = unsafe { (*input.as_ptr()).start_time };
    (start != ffi::AV_NOPTS_VALUE).then_some(start)
}

/// How long the container's header says that the file lasts, in milliseconds, as read by the demuxer before any stream was
/// looked into; `None` where it says nothing.
#[allow(unsafe_code)]
pub(crate) fn claimed_duration_ms(input: &ffmpeg::format::context::Input) -> Option<u64> {
    // SAFETY: reads a number.
    let us = unsafe { (*input.as_ptr()).duration };
    u64::try_from(us).ok().filter(|us| *us > 0).map(|us| us / 1000)
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
