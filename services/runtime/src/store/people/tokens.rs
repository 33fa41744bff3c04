//! Tokens: credentials of persons for programs. A token has one role of its owner, in one contest or in all, and an
//! expiry time. It is valid only while its owner is not ended and holds that role; this is checked when it is created
//! and each time it is used.
//!
//! | what | where |
//! |---|---|
//! | a token | `row` |
//! | lists, and the token that was sent | `read` |
//! | creating and revoking | `change` |

mod change;
mod read;
mod row;

pub(in crate::store) use change::revoke_uncovered;
pub use change::{NewToken, create, revoke};
pub use pipeline::person::Role;
pub use read::Presented;
pub use row::TokenRow;
