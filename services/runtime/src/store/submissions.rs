//! Submissions: entering, reading, and the one function through which they change.
//!
//! | what | where |
//! |---|---|
//! | a submission as stored and as read | `row`, `read`, `seen` |
//! | the lock that every change takes first | `lock` |
//! | the only way in which a submission changes | `apply`, which stores the result through `moving` |
//! | entering one; its film is complete | `enter`, `film` |
//! | what happened to a submission, line by line | `history` |
//! | films that another one replaced | `former` |
//! | cure windows of one work | `cures` |

mod apply;
pub mod cures;
mod enter;
mod film;
pub mod former;
pub mod history;
mod lock;
mod moving;
mod read;
mod row;
mod seen;

pub(super) use apply::apply_locked;
pub use apply::{Applied, apply};
pub use enter::{NewSubmission, create};
pub(super) use film::film_is_whole;
pub use film::set_mezzanine;
pub(super) use lock::{Locked, lock};
pub use read::ListFilter;
pub use row::SubmissionRow;
pub(super) use row::{Row, cure};
pub use seen::{FormText, Seen, seen};
