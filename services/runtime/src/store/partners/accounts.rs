//! Partners' accounts: how fast they may be called, whether they should be called now, and with which credentials. In
//! the database, because every replica calls with the same account.
//!
//! | what | where |
//! |---|---|
//! | an account and its budget | `account` |
//! | whether it may be called now | `pass` |
//! | its credentials, and whether the partner accepts them | `credentials` |
//! | for readers | `read` |

mod account;
mod credentials;
mod pass;
mod read;

pub use account::{Account, Budget, MAIN, OverBudget};
pub use credentials::{NewCredentials, authorise};
pub use pass::{BREAKER_FAILURES, Pass};
pub use read::{AccountRow, HEALTH};
