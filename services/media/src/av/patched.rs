//! A file that libav reads through us, with a few bytes of it replaced. For headers that a version of libav misreads although they
//! are right: with other bytes it lays out the same samples as they are.
use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::ptr;

use ffmpeg::ffi;
use ffmpeg_next as ffmpeg;

/// Bytes that libav asks for at once.
const BUFFER: usize = 1 << 16;

/// Two bytes, and where in the file they are read instead of what is there.
pub(crate) type Patch = (u64, [u8; 2]);

/// What libav reads from. Has to outlive the input that was opened on it.
pub(crate) struct Patched {
    context: *mut ffi::AVIOContext,
    /// What the context points to.
    _reading: Box<Reading>,
}

struct Reading {
    file: File,
    size: u64,
    at: u64,
    patches: Vec<Patch>,
}

impl Patched {
    /// Reads the file at `path` with `patches`.
    #[allow(unsafe_code)]
    pub(crate) fn open(path: &Path, patches: Vec<Patch>) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let mut reading = Box::new(Reading { file, size, at: 0, patches });
        let opaque: *mut c_void = (&raw mut *reading).cast();
        // SAFETY: the buffer is libav's own and belongs to the context; the box does not move, and lives as long as the context.
        let context = unsafe {
            let buffer = ffi::av_malloc(BUFFER).cast();
            let size = c_int::try_from(BUFFER).unwrap_or(c_int::MAX);
            ffi::avio_alloc_context(buffer, size, 0, opaque, Some(read), None, Some(seek))
        };
        if context.is_null() { Err(io::ErrorKind::OutOfMemory.into()) } else { Ok(Self { context, _reading: reading }) }
    }

    /// For `AVFormatContext::pb`.
    pub(super) fn context(&self) -> *mut ffi::AVIOContext {
        self.context
    }
}

impl Drop for Patched {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: libav leaves a context that it was given to its owner, and may have replaced the buffer by another of its own.
        unsafe {
            ffi::av_freep((&raw mut (*self.context).buffer).cast());
            ffi::avio_context_free(&mut self.context);
        }
        self.context = ptr::null_mut();
    }
}

impl Reading {
    /// Reads what comes next into `buffer`.
    fn next(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        let read = self.at..self.at.saturating_add(count as u64);
        for (place, bytes) in &self.patches {
            for (at, byte) in (*place..).zip(bytes) {
                if read.contains(&at) {
                    buffer[(at - self.at) as usize] = *byte;
                }
            }
        }
        self.at = read.end;
        Ok(count)
    }

    /// Moves to `offset`, counted as `lseek` does; `None` where that is nowhere.
    fn go(&mut self, offset: i64, whence: c_int) -> Option<u64> {
        let from = match whence {
            libc::SEEK_SET => 0,
            libc::SEEK_CUR => self.at,
            libc::SEEK_END => self.size,
            _ => return None,
        };
        self.at = from.checked_add_signed(offset)?;
        Some(self.at)
    }
}

/// libav's callback for reading.
#[allow(unsafe_code)]
unsafe extern "C" fn read(opaque: *mut c_void, buffer: *mut u8, size: c_int) -> c_int {
    let Ok(size) = usize::try_from(size) else { return ffi::AVERROR(libc::EINVAL) };
    // SAFETY: `opaque` is the box of the context, which is used by one thread at a time; the buffer has `size` bytes.
    let read = unsafe { (*opaque.cast::<Reading>()).next(std::slice::from_raw_parts_mut(buffer, size)) };
    match read {
        Ok(0) => ffi::AVERROR_EOF,
        Ok(count) => c_int::try_from(count).unwrap_or(c_int::MAX),
        Err(error) => ffi::AVERROR(error.raw_os_error().unwrap_or(libc::EIO)),
    }
}

/// libav's callback for moving, and for asking how large the file is.
#[allow(unsafe_code)]
unsafe extern "C" fn seek(opaque: *mut c_void, offset: i64, whence: c_int) -> i64 {
    // SAFETY: as in `read`.
    let reading = unsafe { &mut *opaque.cast::<Reading>() };
    let whence = whence & !(ffi::AVSEEK_FORCE as c_int);
    let at = if whence == ffi::AVSEEK_SIZE as c_int { Some(reading.size) } else { reading.go(offset, whence) };
    at.and_then(|at| i64::try_from(at).ok()).unwrap_or(ffi::AVERROR(libc::EINVAL).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_are_read_wherever_reading_begins() {
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), b"0123456789").unwrap();
        let patches = vec![(3, *b"ab"), (9, *b"yz")];
        let mut reading = Reading { file: File::open(path.path()).unwrap(), size: 10, at: 0, patches };
        let mut whole = [0; 16];
        assert_eq!((reading.next(&mut whole).unwrap(), &whole[..10]), (10, &b"012ab5678y"[..]));
        for (from, expect) in [(3, b"ab"), (4, b"b5"), (2, b"2a")] {
            assert_eq!(reading.go(from, libc::SEEK_SET), Some(from as u64));
            let mut two = [0; 2];
            reading.next(&mut two).unwrap();
            assert_eq!(&two, expect);
        }
        assert_eq!(
            (reading.go(-1, libc::SEEK_END), reading.go(-10, libc::SEEK_CUR), reading.go(0, 9)),
            (Some(9), None, None)
        );
        assert_eq!(reading.next(&mut whole).unwrap(), 1);
        assert_eq!((reading.next(&mut whole).unwrap(), whole[0]), (0, b'y'));
    }
}
