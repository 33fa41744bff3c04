//! What goes to stdout: tables for people, JSON for programs. Talk goes to stderr. No colours, so that a pipe gets what a
//! terminal gets.
use std::fmt::Write as _;
use std::io::Write as _;

use pipeline::rendition::{QcCheck, QcOutcome};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::exit::Exit;

/// The form of what a command prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A table for people.
    #[default]
    Table,
    /// JSON for programs; its fields are stable.
    Json,
}

/// `--output`, for commands that read.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct OutputArgs {
    /// Form of the output
    #[arg(long, short, value_enum, default_value_t, value_name = "FORM")]
    pub(crate) output: Format,
}

/// Text of others, made harmless for a terminal: what could move the cursor, recolour or turn the line around is written
/// as its number.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let acts = c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}');
        if acts {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        } else {
            out.push(c);
        }
    }
    out
}

/// Prints text as it is. A closed pipe (`| head`) is the reader's wish, not our failure.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints one value as indented JSON.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))
}

/// Prints a result in the wanted form. The JSON is exactly the API's.
pub(crate) fn show(value: &impl Serialize, output: OutputArgs, table: Table) -> anyhow::Result<Exit> {
    match output.output {
        Format::Json => print_json(value)?,
        Format::Table => print(&table.to_string())?,
    }
    Ok(Exit::Done)
}

/// Rows of cells in columns as wide as their widest cell. Cells are made harmless here.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with a line of headings.
    pub(crate) fn with_headings(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()] }
    }

    /// A table without headings: the first column names, the second tells.
    pub(crate) fn of_facts() -> Self {
        Self { rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [impl AsRef<str>; N]) {
        self.rows.push(cells.iter().map(|cell| plain(cell.as_ref())).collect());
    }

    /// Adds a fact, unless it is empty.
    pub(crate) fn fact(&mut self, name: &str, value: impl AsRef<str>) {
        if !value.as_ref().is_empty() {
            self.row([name, value.as_ref()]);
        }
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
        let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or(0)).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let gap = " ".repeat(width - cell.width() + 2);
                let _ = write!(line, "{cell}{gap}");
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Bytes for people, with binary units.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// Media time for people: `1:01.500`.
pub(crate) fn duration(ms: u64) -> String {
    format!("{}:{:02}.{:03}", ms / 60_000, ms / 1000 % 60, ms % 1000)
}

/// Checks of quality control in short: `27 passed, 1 invalid`.
pub(crate) fn passed(checks: &[QcCheck]) -> String {
    let count = |outcome| checks.iter().filter(|check| check.outcome == outcome).count();
    let mut text = format!("{} passed", count(QcOutcome::Pass));
    for outcome in [QcOutcome::Fail, QcOutcome::Invalid] {
        if let some @ 1.. = count(outcome) {
            text.push_str(&format!(", {some} {}", outcome.name()));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_act_on_the_terminal() {
        assert_eq!(plain("a\u{1b}[31m\n\u{202e}片"), "a\\u{1b}[31m\\u{a}\\u{202e}片");
    }

    #[test]
    fn columns_line_up_under_chinese_text_too() {
        let mut table = Table::with_headings(&["title", "state"]);
        table.row(["竖着看工厂", "published"]);
        table.row(["x", "rejected"]);
        assert_eq!(table.to_string(), "title       state\n竖着看工厂  published\nx           rejected\n");
    }

    #[test]
    fn sizes_and_times_read_as_people_say_them() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(6_254_208), "6.0 MiB");
        assert_eq!(duration(61_500), "1:01.500");
    }
}
