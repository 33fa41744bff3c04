//! The few places where libav is asked directly, because the safe bindings lack it or trust what a file says.
//!
//! Bindgen's enums are Rust enums, and a crafted file can put any number where libav keeps one (AV1 passes its colour
//! numbers through unchecked). So enums that come from files are read here as plain integers, and text as bytes.
//!
//! | question | file |
//! |---|---|
//! | how is a file opened, which of its streams are read, what are its tags? | `input` |
//! | what does the container say of a stream, and of a track as a whole? | `stream`, `track` |
//! | what does a decoded picture or block of sound say of itself? | `frame` |
//! | what is done to packets? | `packet` |
//! | which bytes does libav see instead of the file's? | `patched` |
//! | which codecs may a four-character code stand for? | `codes` |
//! | how do frames go through filters? | `graph` |

pub(crate) mod graph;

mod codes;
mod frame;
mod input;
mod packet;
mod patched;
mod raw;
mod stream;
mod track;

pub(crate) use codes::codecs_of_code;
pub(crate) use frame::*;
pub(crate) use input::*;
pub(crate) use packet::*;
pub(crate) use patched::{Patch, Patched};
pub(crate) use raw::{Rational, codec_name, dictionary, init, profile_name, silence};
pub(crate) use stream::*;
pub(crate) use track::*;
