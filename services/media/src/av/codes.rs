//! Which codecs libav takes a four-character code of an ISO or QuickTime file for, by its tables and nothing else in the file.
use std::collections::BTreeSet;
use std::ffi::{c_int, c_uint};
use std::ptr;

use ffmpeg_next::ffi;

use super::raw::codec_name;

/// The codecs that `code` stands for, by libav's names; none for a code that is in no table.
#[allow(unsafe_code)]
pub(crate) fn codecs_of_code(code: [u8; 4]) -> Vec<String> {
    // SAFETY: the tables are static; an unknown code finds 0. Called through an integer, so that a number that is no variant never
    // becomes a Rust enum.
    let find = |table: *const ffi::AVCodecTag, code: c_uint| unsafe {
        let find: unsafe extern "C" fn(*const *const ffi::AVCodecTag, c_uint) -> c_int =
            std::mem::transmute(ffi::av_codec_get_id as *const ());
        find([table, ptr::null()].as_ptr(), code)
    };
    // SAFETY: these answer with static tables.
    let [sounds, pictures, riff_pictures, riff_sounds] = unsafe {
        [
            ffi::avformat_get_mov_audio_tags(),
            ffi::avformat_get_mov_video_tags(),
            ffi::avformat_get_riff_video_tags(),
            ffi::avformat_get_riff_audio_tags(),
        ]
    };
    let number = c_uint::from_le_bytes(code);
    let mut found = [sounds, pictures, riff_pictures].map(|table| find(table, number)).to_vec();
    // QuickTime's way to name a codec of WAV by its number.
    if let [b'm' | b'T', b's' | b'S', high, low] = code {
        found.push(find(riff_sounds, u16::from_be_bytes([high, low]).into()));
    }
    // A code may be in several tables.
    let found: BTreeSet<String> = found.into_iter().filter(|codec| *codec > 0).map(codec_name).collect();
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_tables_in_any_case_of_letters() {
        assert_eq!(codecs_of_code(*b"AVC1"), ["h264"]);
        assert!(codecs_of_code(*b"ms\0\x55").contains(&"mp3".to_owned()));
        assert_eq!(codecs_of_code(*b"xyz1"), Vec::<String>::new());
        // The tables of RIFF call uncompressed pictures 0.
        assert_eq!(codecs_of_code([0; 4]), ["rawvideo"]);
    }
}
