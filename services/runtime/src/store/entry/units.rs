//! What recommending units submit: sheets for a dry run, and the works that were entered from their rows. Rows contain
//! names of people and tokens open entries, so both are encrypted before they reach this file.
//!
//! | what | where |
//! |---|---|
//! | which unit | `unit` |
//! | sheets | `sheets` |
//! | works entered from rows | `works` |
//! | works that count against a quota | `quota` |

mod quota;
mod sheets;
mod unit;
mod works;

pub use quota::{Counted, Named, entered_by, in_turn, naming};
pub use sheets::SheetRow;
pub use unit::Of;
pub(in crate::store) use works::forget;
pub use works::{MOST_WORKS, NewWork, WorkRow, add_work, is_entered_by_unit};
