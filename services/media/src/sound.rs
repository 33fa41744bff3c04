//! From the sound of a whole work to AAC of the wanted loudness, as long as the picture.
//!
//! | question | file |
//! |---|---|
//! | how do the encodes of a work come about? | `encode` |
//! | how is the sound decoded and cut to the picture? | `decoded`, `placing`, `varispeed` |
//! | how is it brought to its loudness? | `loudness`, `limiter` |
//! | how is it encoded, and what came out? | `aac`, `measure` |

pub(crate) mod aac;
pub(crate) mod decoded;
pub(crate) mod encode;
pub(crate) mod loudness;

mod limiter;
mod measure;
mod placing;
mod varispeed;
