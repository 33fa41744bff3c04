//! Finished files. Those of a run come into force together, when the last of them has passed QC; until then the old
//! ones stay.

mod change;
mod read;

pub(super) use change::{forget_unused, insert, keys, put_in_force};
pub use read::RenditionRow;
pub(super) use read::at;
