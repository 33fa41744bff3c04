//! Which code makes the files: recorded with every rendition, so that what a later engine would make differently can be found,
//! and part of a rendition's address, so that nothing is taken over from another engine.
use std::ffi::{CStr, CString};

/// Our version with a digest of this crate's code, and those of the libraries that make the bytes, such as
/// `reelmill 0.1.0+1f0c9a55d2e7, ffmpeg 5.1.9, x264 164`. Opens nothing.
#[allow(unsafe_code)]
pub fn engine() -> String {
    // SAFETY: libavutil answers with a static, NUL-terminated string.
    let ffmpeg = unsafe { CStr::from_ptr(ffmpeg_next::ffi::av_version_info()) };
    let (ours, code) = (env!("CARGO_PKG_VERSION"), env!("MEDIA_CODE"));
    let x264 = x264_build().map_or_else(String::new, |build| format!(", x264 {build}"));
    format!("reelmill {ours}+{code}, ffmpeg {}{x264}", ffmpeg.to_string_lossy())
}

/// The build of the x264 that is loaded. Distributions change it without changing ffmpeg's version, and libavcodec does not tell
/// it; but x264 puts it into the name of one function. `None` where x264 is linked into libavcodec.
#[allow(unsafe_code)]
fn x264_build() -> Option<u32> {
    (100..1000).find(|build| {
        CString::new(format!("x264_encoder_open_{build}")).is_ok_and(|name| {
            // SAFETY: the name is NUL-terminated; what it stands for is not called.
            unsafe { !libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()).is_null() }
        })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_code_and_both_libraries_are_named() {
        let engine = super::engine();
        let (ours, libraries) = engine.split_once(", ffmpeg ").unwrap();
        let code = ours.strip_prefix(concat!("reelmill ", env!("CARGO_PKG_VERSION"), "+")).unwrap();
        assert!(code.len() == 12 && code.chars().all(|c| c.is_ascii_hexdigit()), "{engine}");
        assert!(libraries.contains(", x264 1"), "{engine}: libavcodec is linked with a shared x264 here");
    }
}
