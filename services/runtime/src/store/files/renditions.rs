//! Finished files. Those of a run come into force together, when the last of them has passed QC; until then the old
//! ones stay.

mod change;
mod read;

pub(in crate::store) use change::{forget_unused, insert, keys, put_in_force};
pub use read::RenditionRow;
pub(in crate::store) use read::at;
