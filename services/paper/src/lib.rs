//! Spreadsheets as tables of text, and the template of one. Synchronous; knows nothing of the network, the database or of what a table means. A file comes from
//! a stranger, so [`read`](read::read) runs only in the sandboxed child, and the parent checks what it answers with [`Book::check`].
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may: what cannot be unwrapped is the failure that it reports")
)]

// What a file may be, and what is kept of it.
mod limits;
// Why a file is not read, in two languages.
mod refusal;
// What is read: sheets, rows, cells as text.
mod book;
// Which of the formats a file has.
mod read;
// The zip archive of an .xlsx, before anything in it is parsed.
mod package;
// Worksheets.
mod xlsx;
// Text files with separators.
mod csv;
// A cell's value as a person sees it.
mod cell;
// The sheet that recommending units fill in.
mod template;

pub use book::{Answer, Book, Row, Sheet};
pub use limits::Limits;
pub use read::read;
pub use refusal::Refusal;
pub use template::template;
