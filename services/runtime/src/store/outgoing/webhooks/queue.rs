//! The queue: attempts are claimed by number, so that a sender that was considered dead can no longer change anything.
//!
//! | what | where |
//! |---|---|
//! | claiming due messages | `claim` |
//! | how an attempt ended | `end` |

mod claim;
mod end;

pub use claim::{Claimed, LEASE};
pub(super) use end::cancel;
pub use end::{Attempted, Mood, Next};
