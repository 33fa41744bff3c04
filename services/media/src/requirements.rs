//! What this crate needs of the loaded ffmpeg and a build of it may lack. It is checked by name before the first entry arrives, since
//! otherwise the first entry would fail.
use std::ffi::CString;

use ffmpeg_next as ffmpeg;

use crate::av::graph::Graph;

const ENCODERS: [&str; 3] = ["aac", "libx264", "mjpeg"];
/// Of the sources, the usual ones; what else an entrant sends is judged when it comes.
const DECODERS: [&str; 3] = ["aac", "h264", "hevc"];
const FILTERS: [&str; 18] = [
    "abuffer",
    "abuffersink",
    "aformat",
    "aresample",
    "buffer",
    "buffersink",
    "bwdif",
    "crop",
    "format",
    "hflip",
    "pan",
    "scale",
    "setsar",
    "split",
    "tonemap",
    "transpose",
    "vflip",
    "zscale",
];
/// Filters of packets.
const STREAM_FILTERS: [&str; 1] = ["filter_units"];
/// The one resampler that is good enough, which is a library of its own.
const RESAMPLER: &str = "abuffer@in=time_base=1/44100:sample_rate=44100:sample_fmt=fltp:channel_layout=stereo,\
    aresample=48000:resampler=soxr:precision=28,abuffersink@0";

/// Every feature that the loaded ffmpeg lacks, such as `encoder libx264`; empty on a machine that can do the work. Opens no file.
pub fn missing_features() -> Vec<String> {
    let mut missing = Vec::new();
    let mut needs = |kind: &str, names: &[&str], has: &dyn Fn(&str) -> bool| {
        missing.extend(names.iter().filter(|name| !has(name)).map(|name| format!("{kind} {name}")));
    };
    needs("encoder", &ENCODERS, &|name| ffmpeg::encoder::find_by_name(name).is_some());
    needs("decoder", &DECODERS, &|name| ffmpeg::decoder::find_by_name(name).is_some());
    needs("filter", &FILTERS, &|name| ffmpeg::filter::find(name).is_some());
    needs("filter of packets", &STREAM_FILTERS, &has_stream_filter);
    needs("resampler", &["soxr"], &|_| Graph::audio(RESAMPLER).is_ok());
    missing
}

#[allow(unsafe_code)]
fn has_stream_filter(name: &str) -> bool {
    // SAFETY: the name is NUL-terminated, and libavcodec answers with a static description or null.
    CString::new(name).is_ok_and(|name| unsafe { !ffmpeg::ffi::av_bsf_get_by_name(name.as_ptr()).is_null() })
}

#[cfg(test)]
mod tests;
