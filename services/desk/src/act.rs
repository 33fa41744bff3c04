//! The acts of staff: one file per act. The API, the pages and the command line parse a wish, call its act and show the
//! result.
//!
//! An act is one transaction: it recognises a repetition by its key, locks the work, refuses what cannot be done, changes the store
//! through `Submission::advance` and `Delivery::apply`, and writes the audit row. Its dry run is the same transaction, rolled back at
//! the end, so the two cannot disagree.
//!
//! | question | file |
//! |---|---|
//! | who calls, and how does an act begin and end? | `caller` |
//! | what does an act read under its lock? | `seen` |
//! | how are fields read that several acts have? | `fields` |
pub mod authorise;
mod beginning;
pub mod bulk;
mod caller;
pub mod claim;
pub mod confirm;
pub mod contact;
pub mod cure;
pub mod decide;
pub mod deliver;
pub mod evidence;
mod fields;
pub mod hold;
pub mod invitation;
pub mod job;
pub mod note;
pub mod offered;
pub mod person;
pub mod recall;
pub mod recalled;
pub mod release;
pub mod reprocess;
pub mod retry;
pub mod review;
mod seen;
pub mod session;
pub mod sign_in;
pub mod texts;
pub mod token;
pub mod twins;
pub mod webhook;
pub mod withdraw;

pub(crate) use caller::settle;
pub use caller::{Caller, Done};
pub(crate) use fields::{at_most, contest_named, missing_reason, role_named, unit_named};
pub(crate) use seen::Seen;
