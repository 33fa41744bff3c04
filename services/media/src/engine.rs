//! Which code makes the files: recorded with every rendition, so that what a later engine would make differently can be found.
use std::ffi::CStr;

/// Our version and ffmpeg's, such as `reelmill 0.1.0, ffmpeg 5.1.9`. Opens nothing.
#[allow(unsafe_code)]
pub fn engine() -> String {
    // SAFETY: libavutil answers with a static, NUL-terminated string.
    let ffmpeg = unsafe { CStr::from_ptr(ffmpeg_next::ffi::av_version_info()) };
    format!("reelmill {}, ffmpeg {}", env!("CARGO_PKG_VERSION"), ffmpeg.to_string_lossy())
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_versions_are_named() {
        let engine = super::engine();
        assert!(engine.starts_with("reelmill ") && engine.contains(", ffmpeg "), "{engine}");
    }
}
