//! Pieces of Markdown.
use std::fmt::Write;

/// With the full stop that clap removes.
pub(super) fn sentence(help: &str) -> String {
    format!("{}.", help.trim_end_matches('.'))
}

/// Text for a cell: outside of backticks nothing is interpreted as Markdown, and a bar never ends the cell.
pub(super) fn cell(text: &str) -> String {
    let pieces = text.split('`').enumerate().map(|(at, piece)| {
        let piece = piece.replace('|', "\\|");
        if at % 2 == 1 { piece } else { piece.replace('<', "\\<").replace('*', "\\*") }
    });
    pieces.collect::<Vec<_>>().join("`")
}

pub(super) fn table(headings: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}", headings.join(" | "), "---|".repeat(headings.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        let _ = write!(text, "\n| {} |", cells.join(" | "));
    }
    text
}

pub(super) fn code(text: &str) -> String {
    format!("`{text}`")
}
