//! The engine that makes the files: recorded with every rendition, so that renditions of an older engine can be found, and part of a
//! rendition's address, so that nothing is reused that another engine made.
use std::ffi::{CStr, CString, c_char, c_uint, c_void};

/// The version of our code that decides the bytes of renditions. It is raised by hand, and only when some rendition can come out with
/// other bytes: every finished file then has another address, and none that was made before is reused. The tests of the house compare a
/// digest of that code with a known one, so that no change passes without a decision.
pub const ENGINE: &str = "0.3.0";

/// The name of the engine: its version and those of the loaded libraries that make the bytes, such as
/// `reelmill 0.3.0, ffmpeg 5.1.9, x264 164, zimg 3.0.4, soxr 0.1.3`. Opens nothing.
#[allow(unsafe_code)]
pub fn engine() -> String {
    // SAFETY: libavutil returns a static, NUL-terminated string.
    let ffmpeg = unsafe { CStr::from_ptr(ffmpeg_next::ffi::av_version_info()) };
    let mut name = format!("reelmill {ENGINE}, ffmpeg {}", ffmpeg.to_string_lossy());
    let x264 = x264_build().map(|build| build.to_string());
    for (library, version) in [("x264", x264), ("zimg", zimg_version()), ("soxr", soxr_version())] {
        if let Some(version) = version {
            name.push_str(&format!(", {library} {version}"));
        }
    }
    name
}

/// The build of the x264 that is loaded. Distributions change it without changing ffmpeg's version, and libavcodec does not report
/// it; but x264 puts it into the name of one function. `None` where x264 is linked into libavcodec.
#[allow(unsafe_code)]
fn x264_build() -> Option<u32> {
    (100..1000).find(|build| {
        let name = CString::new(format!("x264_encoder_open_{build}"));
        name.is_ok_and(|name| !symbol(&name).is_null())
    })
}

/// The version of the zimg that is loaded, which scales and dithers. `None` where it is linked into libavfilter.
#[allow(unsafe_code)]
fn zimg_version() -> Option<String> {
    type VersionInfo = unsafe extern "C" fn(*mut c_uint, *mut c_uint, *mut c_uint);
    let function = symbol(c"zimg_get_version_info");
    let [mut major, mut minor, mut micro] = [0; 3];
    if function.is_null() {
        return None;
    }
    // SAFETY: this is the function's type in zimg.h; it writes the three numbers.
    unsafe { std::mem::transmute::<*mut c_void, VersionInfo>(function)(&mut major, &mut minor, &mut micro) };
    Some(format!("{major}.{minor}.{micro}"))
}

/// The version of the soxr that is loaded, which resamples sound. `None` where it is linked into libswresample.
#[allow(unsafe_code)]
fn soxr_version() -> Option<String> {
    type Version = unsafe extern "C" fn() -> *const c_char;
    let function = symbol(c"soxr_version");
    if function.is_null() {
        return None;
    }
    // SAFETY: this is the function's type in soxr.h; it returns a static, NUL-terminated string such as `libsoxr-0.1.3`.
    let text = unsafe { CStr::from_ptr(std::mem::transmute::<*mut c_void, Version>(function)()) }.to_string_lossy();
    Some(text.strip_prefix("libsoxr-").unwrap_or(&text).to_owned())
}

/// The address of a symbol in any loaded library, or null.
#[allow(unsafe_code)]
fn symbol(name: &CStr) -> *mut c_void {
    // SAFETY: the name is NUL-terminated.
    unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_and_the_libraries_that_make_bytes_are_named() {
        let engine = super::engine();
        let (ours, libraries) = engine.split_once(", ffmpeg ").unwrap();
        assert_eq!(ours, format!("reelmill {}", super::ENGINE));
        for library in [", x264 1", ", zimg 3.", ", soxr 0."] {
            assert!(libraries.contains(library), "{engine}: libav is linked with a shared one here");
        }
    }
}
