//! The only place with ffmpeg: paths in, files out, synchronous, run in a sandboxed child process, one job per process.
//!
//! | question | file |
//! |---|---|
//! | how is a job asked for and answered, and what may it touch? | `child` (`protocol`, `sandbox`) |
//! | what are these bytes, and are they all? | `sniff`, `isobmff`, `cut_short`, `scrambled`, `source` |
//! | which of its tracks are the work's? | `tracks` |
//! | what does a track say that it is, and may libav's guess be believed? | `isobmff`, `sample_entry`, `colour` |
//! | what does the file hold, measured by decoding all of it? | `probe`, `damage` |
//! | how do frames come out of a file, and at what time? | `decode`, `carry`, `reader`, `timeline`, `splice`, `by_order` |
//! | which picture does an output frame show? | `grid` |
//! | how does a stretch of the picture become H.264? | `segment`, `scale`, `encode` |
//! | what do reviewers see before anything is made? | `preview` |
//! | how does a finished file come about, and is it right? | `assemble`, `cover`, `jpeg`, `mux`, `bsf`, `qc` |
//! | does it keep to its cap, across seams too? | `bucket` |
//! | does it show what the source shows, and which stills show that? | `sample`, `ssim`, `comparison` |
//! | where do tests get clips with known content? | `synth` |
//! | how does the sound become AAC? | `audio`, `placing`, `varispeed`, `loudness`, `limiter` |
//!
//! Nothing here opens a socket, reads a clock of the day, or outlives its job.

pub mod child;
pub mod error;
pub mod probe;
pub mod sniff;
pub mod synth;

mod assemble;
mod audio;
mod av;
mod bsf;
mod bucket;
mod by_order;
mod carry;
mod colour;
mod comparison;
mod cover;
mod cut_short;
mod damage;
mod decode;
mod encode;
mod engine;
mod graph;
mod grid;
mod isobmff;
mod jpeg;
mod lacking;
mod limiter;
mod loudness;
mod matroska;
mod mux;
mod nal;
mod placing;
mod preview;
mod qc;
mod reader;
mod sample;
mod sample_entry;
mod scale;
mod scrambled;
mod segment;
mod source;
mod splice;
mod ssim;
mod text;
mod timeline;
mod tracks;
mod varispeed;

pub use child::protocol;
pub use engine::engine;
pub use lacking::lacking;
