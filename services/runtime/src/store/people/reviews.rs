//! The screening queue: which work is next for a reviewer, who has its card open, and which works were skipped.
//!
//! The text of a query contains only the queue's filter, so that the planner uses its index, as in `listing`.
//!
//! | what | where |
//! |---|---|
//! | the next work of a queue | `queue` |
//! | who has a card open, who skipped it | `card` |

mod card;
mod queue;

pub use card::{CLAIM, Claim, Claimant, claimant, put_aside};
pub(in crate::store) use card::{end_all, end_claims, take_up};
pub use queue::Waiting;
