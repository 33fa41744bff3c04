//! A work's look and sound, independent of its encoding: hashes that change little under re-encoding, scaling, a logo,
//! a crop or a frame around the picture, words to look it up by, and the comparison of two of them.
//!
//! | question | file |
//! |---|---|
//! | what is a fingerprint, and how is it stored? | `print`, `sample` |
//! | how does a picture become hashes? | `picture` |
//! | by which words is a work found among 100,000? | `token` |
//! | do two works match, and where? | `compare` |
mod compare;
mod picture;
mod print;
mod sample;
mod token;

pub use compare::{Likeness, Match, MatchedRange, compare};
pub use picture::{Album, Luma};
pub use print::Fingerprint;
pub use sample::{ITEM_US, MAX_SAMPLES, REGIONS, STEP_MS, Sample};

#[cfg(test)]
mod tests;
