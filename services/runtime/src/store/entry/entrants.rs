//! Personal data, encrypted before it reaches this file. Only this table has any, except for the names of files in
//! `uploads`, which are deleted with it.
//!
//! | what | where |
//! |---|---|
//! | who enters a work | `entrant` |
//! | entering, withdrawing, deleting the data | `keep` |
//! | the form and its correction | `form` |

mod entrant;
mod form;
mod keep;

pub use entrant::{Contact, Entrant};
pub use form::{Stored, Texts, correct, stored};
pub(in crate::store) use keep::forget;
pub use keep::{enter, withdraw};
