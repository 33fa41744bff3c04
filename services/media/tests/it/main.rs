//! What children do with films, seen from outside: real children, real codecs, and measures of what comes out. One file a subject.
#![allow(clippy::unwrap_used, reason = "a test may: what cannot be unwrapped is the failure that it reports")]
mod support;

// What boxes say, where libav guesses.
mod boxes;
// Colour by container and bitstream.
mod colour;
// Files that users of other systems reported.
mod field;
// Footage that other people made.
mod footage;
// Where decoding may begin.
mod access;
// Files that attack.
mod hostile;
// Structure that is odd and costs a viewer nothing.
mod odd;
// What becomes of a picture.
mod picture;
// The proxy and the storyboard.
mod preview;
// What the probe says of a file.
mod probe;
// Whole renditions.
mod render;
// What the sandbox allows.
mod sandbox;
// Spreadsheets.
mod sheet;
// Works in several segments.
mod seams;
// What becomes of sound.
mod sound;
// Sources of every kind.
mod sources;
// Which track is the work's.
mod tracks;
// How hard a picture is to encode.
mod trial;
// Durations, rates and sizes.
mod units;
