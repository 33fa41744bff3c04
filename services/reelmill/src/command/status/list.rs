//! All entries, one a line.
use pipeline::lang::Lang;
use pipeline::submission::State;
use runtime::store::submissions::SubmissionRow;
use serde::Serialize;

use crate::output::{Format, Table};

/// One entry in a list, as JSON.
#[derive(Serialize)]
struct Line<'a> {
    id: String,
    contest: &'a str,
    title: &'a str,
    theme: &'a str,
    state: &'a str,
    run: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<super::entry::Reason>,
    entered_at: chrono::DateTime<chrono::Utc>,
    changed_at: chrono::DateTime<chrono::Utc>,
}

/// The list in the form that was asked for.
pub(super) fn shown(rows: &[SubmissionRow], format: Format) -> anyhow::Result<String> {
    match format {
        Format::Json => Ok(serde_json::to_string_pretty(&rows.iter().map(line).collect::<Vec<_>>())? + "\n"),
        Format::Table if rows.is_empty() => Ok("no entries\n".into()),
        Format::Table => Ok(table(rows)),
    }
}

fn line(row: &SubmissionRow) -> Line<'_> {
    Line {
        id: row.id.to_string(),
        contest: row.contest.as_str(),
        title: &row.title,
        theme: &row.theme,
        state: row.machine.state.name(),
        run: row.machine.run,
        reason: super::entry::Reason::of(&row.machine.state),
        entered_at: row.created_at,
        changed_at: row.updated_at,
    }
}

fn table(rows: &[SubmissionRow]) -> String {
    let mut table = Table::with_headings(&["ENTRY", "TITLE", "THEME", "STATE", "REASON"]);
    for row in rows {
        let why = match &row.machine.state {
            State::Rejected { reason, .. } => format!("{}: {}", reason.code(), reason.text(Lang::Zh)),
            _ => String::new(),
        };
        table.row([&row.id.to_string(), &row.title, &row.theme, row.machine.state.name(), &why]);
    }
    table.to_string()
}
