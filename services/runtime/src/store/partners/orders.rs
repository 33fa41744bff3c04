//! Organisers' orders for published works: release, now or later, to some partners, and recall, from some or from all.
//!
//! | what | where |
//! |---|---|
//! | release | `releasing` |
//! | recall | `recalling` |
//! | holding the mezzanine | `holding` |
//! | notes of staff | `noting` |

mod holding;
mod noting;
mod recalling;
mod releasing;

pub use holding::{held, hold_mezzanine};
pub use noting::note;
pub use recalling::{may_recall, recall};
pub use releasing::release;
