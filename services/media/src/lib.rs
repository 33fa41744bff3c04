//! The only place with ffmpeg: paths in, files out, synchronous, run in a sandboxed child process, one job per process.
//!
//! | question | room |
//! |---|---|
//! | what does a request look like, and what may a job touch? | `child` |
//! | how does a file become whole pictures and stereo sound? | `read` |
//! | what does a file hold, measured by decoding all of it? | `probe` |
//! | what do reviewers see before anything is made? | `preview` |
//! | how does the picture become H.264, and which pictures become covers? | `picture` |
//! | how does the sound become AAC of the wanted loudness? | `sound` |
//! | how does a finished file come about? | `write` |
//! | is it right? | `check` |
//! | where is libav asked directly? | `av` |
//! | which engine makes the files, and what does it need of ffmpeg? | `engine`, `requirements` |
//! | how does a job fail, and how is text from files made harmless? | `error`, `text` |
//! | where do tests get clips with known content? | `synth` |
//!
//! Each room begins with a table of its files. Nothing here opens a socket, reads the time of day, or outlives its job.

pub mod child;
pub mod error;
pub mod probe;
pub mod synth;

mod av;
mod check;
mod engine;
mod picture;
mod preview;
mod read;
mod requirements;
mod sound;
mod text;
mod write;

pub use child::protocol;
pub use engine::{ENGINE, engine};
pub use requirements::missing_features;
