//! What the container says of a whole track, as plain numbers: its flags, its samples, its programs.
use std::ffi::{CStr, c_char, c_int};

use ffmpeg::ffi;
use ffmpeg_next as ffmpeg;

use super::frame::SoundFacts;
use super::raw::stream;

/// Flags of tracks for special purposes, which players take only on demand.
const AUXILIARY: c_int = ffi::AV_DISPOSITION_COMMENT
    | ffi::AV_DISPOSITION_LYRICS
    | ffi::AV_DISPOSITION_KARAOKE
    | ffi::AV_DISPOSITION_HEARING_IMPAIRED
    | ffi::AV_DISPOSITION_VISUAL_IMPAIRED
    | ffi::AV_DISPOSITION_CLEAN_EFFECTS
    | ffi::AV_DISPOSITION_DESCRIPTIONS
    | ffi::AV_DISPOSITION_DEPENDENT
    | ffi::AV_DISPOSITION_STILL_IMAGE;
/// `AV_SAMPLE_FMT_FLTP`, for sound whose format is known only when it is decoded.
const FLOAT_PLANES: c_int = 8;

/// What the container says of one track.
#[derive(Clone, Debug)]
pub(crate) struct TrackFacts {
    /// Enabled (mp4, mov) or marked as the default (Matroska).
    pub(crate) default: bool,
    /// For a special purpose.
    pub(crate) auxiliary: bool,
    /// Samples as the header counts them; 0 where it does not.
    pub(crate) samples: i64,
    /// Samples in the index so far.
    pub(crate) indexed: c_int,
    /// Of a sound, what its header says.
    pub(crate) sound: SoundFacts,
    /// The programs that it belongs to, by their places.
    pub(crate) programs: Vec<usize>,
}

/// Facts of the track that is stream `index`.
#[allow(unsafe_code)]
pub(crate) fn track_facts(input: &ffmpeg::format::context::Input, index: usize) -> Option<TrackFacts> {
    let stream = stream(input, index)?;
    // SAFETY: streams and their parameters live as long as the input; enums are never read here, and the
    // description's length is passed, which libav terminates.
    unsafe {
        let parameters = (*stream).codecpar;
        let disposition = (*stream).disposition;
        let mut text = [0 as c_char; 64];
        ffi::av_channel_layout_describe(&raw const (*parameters).ch_layout, text.as_mut_ptr(), text.len());
        let format = (*parameters).format;
        Some(TrackFacts {
            default: disposition & ffi::AV_DISPOSITION_DEFAULT != 0,
            auxiliary: disposition & AUXILIARY != 0,
            samples: (*stream).nb_frames,
            indexed: ffi::avformat_index_get_entries_count(stream),
            sound: SoundFacts {
                rate: u32::try_from((*parameters).sample_rate).unwrap_or(0),
                channels: u32::try_from((*parameters).ch_layout.nb_channels).unwrap_or(0),
                format: if format < 0 { FLOAT_PLANES } else { format },
                layout: CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned(),
            },
            programs: programs(input, index),
        })
    }
}

/// Whether samples of stream `index` need a key, as libav found in a Matroska file.
#[allow(unsafe_code)]
pub(crate) fn is_encrypted(input: &ffmpeg::format::context::Input, index: usize) -> bool {
    let Some(stream) = stream(input, index) else { return false };
    // SAFETY: the stream's dictionary is libav's, or null; the key is terminated, and the answer is only compared with null.
    unsafe { !ffi::av_dict_get((*stream).metadata, c"enc_key_id".as_ptr(), std::ptr::null(), 0).is_null() }
}

/// The places of the programs that stream `index` belongs to. Only broadcasts have any.
#[allow(unsafe_code)]
fn programs(input: &ffmpeg::format::context::Input, index: usize) -> Vec<usize> {
    // SAFETY: libav keeps nb_programs pointers there, each to a program with nb_stream_indexes numbers, or to none.
    unsafe {
        let context = input.as_ptr();
        let holds = |place: &usize| {
            let program = *(*context).programs.add(*place);
            let count = (*program).nb_stream_indexes as usize;
            (0..count).any(|at| *(*program).stream_index.add(at) as usize == index)
        };
        (0..(*context).nb_programs as usize).filter(holds).collect()
    }
}
