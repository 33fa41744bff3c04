//! Decisions that take effect after a moment: held, undone, carried out. Several desks may run; each decision is carried
//! out by one.
//!
//! | what | where |
//! |---|---|
//! | holding and undoing | `hold` |
//! | carrying out | `due` |

mod due;
mod hold;

pub use due::{Due, Failure, Shown, carried_out, dismiss, failed, take};
pub use hold::{HELD, Holding, hold, is_held, undo};
