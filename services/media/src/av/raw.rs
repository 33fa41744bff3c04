//! The ground of the room: numbers, names, options and pointers as libav has them.
use std::ffi::{CStr, CString, c_char, c_int};

use ffmpeg::ffi;
use ffmpeg_next as ffmpeg;

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
pub(super) fn static_name(name: *const c_char) -> String {
    if name.is_null() {
        return "unknown".into();
    }
    // SAFETY: libav's name tables hold static, terminated strings.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}

/// Options as libav takes them.
pub(crate) fn dictionary(options: &[(&str, &str)]) -> ffmpeg::Dictionary<'static> {
    let mut dictionary = ffmpeg::Dictionary::new();
    for (key, value) in options {
        dictionary.set(key, value);
    }
    dictionary
}

pub(super) fn c_string(text: &str) -> Result<CString, ffmpeg::Error> {
    CString::new(text).map_err(|_| ffmpeg::Error::InvalidData)
}

#[allow(unsafe_code)]
pub(super) fn stream(input: &ffmpeg::format::context::Input, index: usize) -> Option<*mut ffi::AVStream> {
    // SAFETY: libav keeps nb_streams pointers there.
    (index < input.nb_streams() as usize).then(|| unsafe { *(*input.as_ptr()).streams.add(index) })
}

/// Reads an enum that a file may have set as the integer that it is.
#[allow(unsafe_code)]
pub(super) unsafe fn raw<T>(value: *const T) -> c_int {
    const { assert!(size_of::<T>() == size_of::<c_int>()) };
    // SAFETY: the caller passes a valid pointer; C enums have the size of an int, checked above.
    unsafe { value.cast::<c_int>().read() }
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
