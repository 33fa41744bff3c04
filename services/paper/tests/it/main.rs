//! Spreadsheets as people and attackers make them, and what is read from each. One file for each subject.
#![allow(clippy::unwrap_used, reason = "a test may: what cannot be unwrapped is the failure that it reports")]
mod support;

// Files that attack, or are damaged, or of another type.
mod hostile;
// The template.
mod template;
// Text with separators.
mod text;
// What Excel and WPS write.
mod workbook;
