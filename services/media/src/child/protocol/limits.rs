//! What one job may cost, for each kind of job.
use serde::{Deserialize, Serialize};

const GIB: u64 = 1 << 30;

const MIB: u64 = 1 << 20;

/// Bounds of one job. Those of the process are kept by the kernel, those of the content by the job itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Address space in bytes (RLIMIT_AS).
    pub memory_bytes: u64,
    /// Processor time in seconds, all threads together (RLIMIT_CPU).
    pub cpu_seconds: u64,
    /// Size in bytes of any one file written (RLIMIT_FSIZE).
    pub file_bytes: u64,
    /// Open files (RLIMIT_NOFILE).
    pub open_files: u64,
    /// Pixels of one picture.
    pub max_pixels: u64,
    /// Streams of one file.
    pub max_streams: u32,
    /// Frames of picture decoded.
    pub max_frames: u64,
    /// Packets read.
    pub max_packets: u64,
}

impl Limits {
    /// For [`Job::Outline`], which is worth something for as long as somebody waits.
    pub fn outline() -> Self {
        Self { cpu_seconds: 20, ..Self::probe() }
    }

    /// For [`Job::Probe`]: an entry of hours at 120 frames a second would still pass.
    pub fn probe() -> Self {
        Self {
            memory_bytes: 3 * GIB,
            cpu_seconds: 3600,
            file_bytes: MIB,
            open_files: 32,
            // 8K; the largest partner takes 4096×4096.
            max_pixels: 7680 * 4320,
            max_streams: 32,
            max_frames: 2_000_000,
            max_packets: 10_000_000,
        }
    }

    /// For [`Job::Probe`] with an output directory: four hours of the proxy are below 2 GiB, and it costs about half of a decode.
    pub fn preview() -> Self {
        Self { cpu_seconds: 2 * 3600, file_bytes: 4 * GIB, ..Self::probe() }
    }

    /// For [`Job::EncodeSegment`]: x264 keeps about 60 frames of each encode in flight.
    pub fn encode_segment() -> Self {
        Self { memory_bytes: 8 * GIB, cpu_seconds: 6 * 3600, file_bytes: 8 * GIB, ..Self::probe() }
    }

    /// For [`Job::EncodeAudio`]: hours of sound lie in memory as floats while their loudness is found.
    pub fn encode_audio() -> Self {
        Self { memory_bytes: 8 * GIB, file_bytes: GIB, ..Self::probe() }
    }

    /// For [`Job::Assemble`]: all segments of a work are open at once.
    pub fn assemble() -> Self {
        Self { file_bytes: 16 * GIB, open_files: 4096, ..Self::probe() }
    }

    /// For [`Job::Covers`].
    pub fn covers() -> Self {
        Self { file_bytes: 64 * MIB, ..Self::probe() }
    }

    /// For [`Job::Qc`].
    pub fn qc() -> Self {
        Self::probe()
    }

    /// For [`Job::Sheet`]: eight MiB of it, 64 MiB of one part unpacked, and what calamine makes of that.
    pub fn sheet() -> Self {
        Self { memory_bytes: GIB, cpu_seconds: 20, file_bytes: 0, open_files: 8, ..Self::probe() }
    }

    /// For [`Job::SelfTest`].
    pub fn self_test() -> Self {
        Self { memory_bytes: GIB, cpu_seconds: 30, ..Self::probe() }
    }
}
