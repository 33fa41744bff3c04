//! The output on stdout: tables for people, JSON for programs. Messages go to stderr. No colours. A terminal gets
//! tables that fit it, a pipe gets one line per row.
use std::io::Write as _;

use pipeline::rendition::{QcCheck, QcOutcome};
use serde::Serialize;

use crate::exit::Exit;
pub(crate) use crate::plain::plain;
pub(crate) use table::Table;
use terminal::terminal_columns;

mod table;
mod terminal;
mod wrap;

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

/// Prints on stderr the digest with which the act itself is refused if anything has changed since its dry run.
pub(crate) fn print_digest(id: impl std::fmt::Display, digest: &str) {
    eprintln!("{id}: to do it only if nothing has changed: --digest {digest}");
}

/// Prints a result in the requested form. The JSON is exactly the API's.
pub(crate) fn show(value: &impl Serialize, output: OutputArgs, table: Table) -> anyhow::Result<Exit> {
    match output.output {
        Format::Json => print_json(value)?,
        Format::Table => print(&table.to_string())?,
    }
    Ok(Exit::Done)
}

/// A text below a heading: indented, and wrapped on a narrower terminal.
pub(crate) fn prose(indent: usize, text: &str) -> String {
    let width = terminal_columns().map_or(usize::MAX, |columns| columns.saturating_sub(indent));
    let lines = wrap::lines(&plain(text), width);
    lines.iter().map(|line| format!("{}{line}\n", " ".repeat(indent))).collect()
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
mod tests;
