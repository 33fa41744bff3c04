//! The credentials with which persons sign in (password, second factor, recovery codes), and the failed attempts for
//! each login name. Times are taken from the database's clock.
//!
//! | what | where |
//! |---|---|
//! | failed attempts | `attempts` |
//! | password and second factor: reading them, using and setting them | `factors`, `set` |
//! | recovery codes | `recovery` |

mod attempts;
mod factors;
mod recovery;
mod set;

pub use attempts::{FREE_FAILURES, succeeded};
pub use factors::{Chosen, Factors};
pub use recovery::{set_recovery_codes, use_recovery_code};
pub(in crate::store) use set::forget;
pub use set::{password_stands, set, set_password, use_step};
