//! Spreadsheets as tables of text, and the template of one. It is synchronous and knows nothing about the network, the
//! database or the meaning of a table. A file comes from an untrusted person, so [`read`](read::read) runs only in the
//! sandboxed child, and the parent checks the child's answer with [`Book::check`].
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may: what cannot be unwrapped is the failure that it reports")
)]

// Limits of a file and of what is kept of it.
mod limits;
// Why a file is not read, in two languages.
mod refusal;
// The result of reading: sheets, rows, cells as text.
mod book;
// Which of the formats a file has.
mod read;
// The zip archive of an .xlsx, before anything in it is parsed.
mod package;
// Worksheets.
mod xlsx;
// Text files with separators.
mod csv;
// A cell's value as people see it.
mod cell;
// The sheet that recommending units fill in.
mod template;

pub use book::{Answer, Book, Row, Sheet};
pub use limits::Limits;
pub use read::read;
pub use refusal::Refusal;
pub use template::template;
