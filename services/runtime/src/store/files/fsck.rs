//! The database's records of objects: which objects there should be, and who owns an object without a row.
//!
//! | what | where |
//! |---|---|
//! | objects and unfinished uploads that there should be | `expected`, `list` |
//! | who owns an object without a row | `owner` |

mod expected;
mod list;
mod owner;

pub use expected::{Expected, OpenMultipart};
pub use owner::Owner;
