//! The sheet of a recommending unit (推荐汇总表): one row a work, with the questions of the contest's form as columns and the name of the
//! film's file. Forms and rows are judged by the same rules.
//!
//! | question | file |
//! |---|---|
//! | which columns does it have, and what are their other names? | `columns` |
//! | which works does a filled sheet contain, and what is wrong with each? | `rows` |
//! | which file belongs to which work? | `files` |
//! | when are two titles the same? | `title` |
mod columns;
mod files;
mod rows;
mod title;

pub use columns::{Column, Holds, columns};
pub use files::{Found, films_of, is_film};
pub use rows::{Cells, Sheet, SheetError, Work, read};
pub use title::plain as plain_title;
