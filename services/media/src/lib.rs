//! The only place with ffmpeg: paths in, files out, synchronous, run in a sandboxed child process, one job per process.
//!
//! | question | file |
//! |---|---|
//! | how is a job asked for and answered, and what may it touch? | `child` (`protocol`, `sandbox`) |
//! | what are these bytes? | `sniff`, `isobmff`, `source` |
//! | what does the file hold, measured by decoding all of it? | `probe` |
//! | how do frames come out of a file? | `decode` |
//!
//! Nothing here opens a socket, reads a clock of the day, or outlives its job.

pub mod child;
pub mod error;
pub mod probe;
pub mod sniff;

mod av;
mod decode;
mod isobmff;
mod source;
mod text;
mod timeline;

pub use child::protocol;
