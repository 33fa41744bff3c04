//! Spreadsheets as people and as attackers make them, and what is read of each. One file a subject.
#![allow(clippy::unwrap_used, reason = "a test may: what cannot be unwrapped is the failure that it reports")]
mod support;

// Files that attack, or are damaged, or of another kind.
mod hostile;
// The template.
mod template;
// Text with separators.
mod text;
// What Excel and WPS write.
mod workbook;
