//! Whether a finished file has the planned properties and shows the same pictures as the source.
//!
//! | question | file |
//! |---|---|
//! | does every property hold? | `qc`, `packets`, `stretches` |
//! | which frames are compared with the source's, and what does that say? | `sample`, `rule` |
//! | how alike are two pictures? | `ssim` |
//! | which stills show that? | `comparison` |

pub(crate) mod qc;

mod comparison;
mod packets;
mod rule;
mod sample;
mod ssim;
mod stretches;
