//! All entries, one per line.
use desk::view::Page;
use desk::view::works::Line;

use crate::output::{Format, Table};

/// The list in the requested form.
pub(super) fn shown(page: &Page<Line>, format: Format) -> anyhow::Result<String> {
    match format {
        Format::Json => Ok(serde_json::to_string_pretty(page)? + "\n"),
        Format::Table if page.items.is_empty() => Ok("no entries\n".into()),
        Format::Table => Ok(table(page)),
    }
}

fn table(page: &Page<Line>) -> String {
    let mut table = Table::with_headings(&["ENTRY", "TITLE", "THEME", "STATE", "REASON"]).with_commands("WHERE");
    for line in &page.items {
        let rejection = line.rejection.as_ref();
        let why = rejection.map(|it| format!("{}: {}", it.code, it.zh)).unwrap_or_default();
        table.row([&line.id.to_string(), &line.title, &line.theme, line.state, &why]);
        // An address is copied completely, like a command.
        for at in line.deliveries.iter().filter(|it| it.state == "live") {
            table.command(at.public_url.as_deref().unwrap_or(&at.partner));
        }
    }
    let count = page.count.map(|count| format!("\n{count} entries\n")).unwrap_or_default();
    table.to_string() + &count
}
