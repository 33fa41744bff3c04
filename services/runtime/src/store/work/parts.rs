//! Parts: the queue itself. Claiming, holding, and every way of ending a claim that does not change the submission's
//! state; for the others see `outcomes`.
//!
//! | what | where |
//! |---|---|
//! | claim the next part, contest by contest in turn | `claim`, `turns` |
//! | renew, hand back, postpone | `hold`, `claimed` |
//! | a failed attempt, an operator's "try again" | `fail`, `retry` |
//! | whether a claim is still valid | `fence` |
//! | changes by time | `due` |
//! | for people, later stages and monitoring | `read`, `rows` |

mod claim;
mod claimed;
mod due;
mod fail;
mod fence;
mod hold;
mod read;
mod retry;
mod rows;
mod turns;

pub use claimed::{Claim, Commit, Failed};
pub(crate) use due::WOKEN_AT_ONCE;
pub(in crate::store) use fence::check_fence;
pub use retry::retry;
pub use rows::{PartRow, QueueRow};
pub(in crate::store) use turns::Turns;

/// Every status of a part.
pub const STATUSES: [&str; 6] = ["pending", "waiting", "claimed", "done", "parked", "cancelled"];
