//! Objects that are no longer needed: recorded when that becomes true, swept once no process can still be writing
//! there.

mod add;
mod after_move;
mod sweep;

pub use add::add;
pub(in crate::store) use after_move::after_move;
pub use sweep::Garbage;
