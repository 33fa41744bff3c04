//! Tables for people: aligned columns that fit the terminal.
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::terminal::terminal_columns;
use super::wrap;
use crate::plain::plain;

/// Rows of cells in columns as wide as their widest cell, or narrower to fit a terminal: text is wrapped at words. A
/// command, or anything else to be copied completely, is never wrapped: if those of one row do not fit beside it, each
/// is on a line of its own below. Cells are made safe here.
pub(crate) struct Table {
    rows: Vec<Row>,
    /// The heading of the commands, if there are any.
    commands: Option<String>,
}

struct Row {
    cells: Vec<String>,
    commands: Vec<String>,
}

/// Columns between two cells.
const GAP: usize = 2;

impl Table {
    /// A table with a line of headings.
    pub(crate) fn with_headings(headings: &[&str]) -> Self {
        let cells = headings.iter().map(|heading| (*heading).to_owned()).collect();
        Self { rows: vec![Row { cells, commands: Vec::new() }], commands: None }
    }

    /// A table without headings: the first column has names, the second values.
    pub(crate) fn of_facts() -> Self {
        Self { rows: Vec::new(), commands: None }
    }

    /// The same with a last column of commands under this heading.
    pub(crate) fn with_commands(self, heading: &str) -> Self {
        Self { commands: Some(heading.to_owned()), ..self }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [impl AsRef<str>; N]) {
        let cells = cells.iter().map(|cell| plain(cell.as_ref())).collect();
        self.rows.push(Row { cells, commands: Vec::new() });
    }

    /// A command that goes with the last row.
    pub(crate) fn command(&mut self, command: &str) {
        if let Some(row) = self.rows.last_mut() {
            row.commands.push(plain(command));
        }
    }

    /// Whether there is nothing below its headings.
    pub(crate) fn is_bare(&self) -> bool {
        self.rows.len() <= 1
    }

    /// Adds a fact, unless it is empty.
    pub(crate) fn fact(&mut self, name: &str, value: impl AsRef<str>) {
        if !value.as_ref().is_empty() {
            self.row([name, value.as_ref()]);
        }
    }

    /// The table in at most `most` columns, as far as its words allow it; one line per row without a limit.
    pub(super) fn text(&self, most: Option<usize>) -> String {
        let widths = self.widths();
        let whole: usize = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        let commands = self.rows.iter().filter(|row| !row.commands.is_empty()).map(|row| row.commands.join(" "));
        let widest = commands.map(|it| it.width()).max();
        let beside = widest.is_some_and(|widest| most.is_none_or(|most| whole + GAP + widest <= most));
        let widths = match most {
            Some(most) if whole > most => self.narrowed(widths, most),
            Some(_) | None => widths,
        };
        let mut text = String::new();
        for (at, row) in self.rows.iter().enumerate() {
            let heading = self.commands.clone().filter(|_| at == 0);
            let last = heading.unwrap_or_else(|| row.commands.join(" "));
            write_row(&mut text, &row.cells, &widths, Some(last.as_str()).filter(|_| beside));
            for command in row.commands.iter().filter(|_| !beside) {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "  {command}");
            }
        }
        text
    }

    /// As wide as the widest cell of each column.
    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
        let cells = |column: usize| self.rows.iter().filter_map(move |row| row.cells.get(column));
        (0..columns).map(|column| cells(column).map(|cell| cell.width()).max().unwrap_or(0)).collect()
    }

    /// Narrows the widest columns until the table fits or each is as narrow as its longest word.
    fn narrowed(&self, mut widths: Vec<usize>, most: usize) -> Vec<usize> {
        let room = most.saturating_sub(GAP * widths.len().saturating_sub(1));
        let words = |column: usize| {
            let cells = self.rows.iter().filter_map(move |row| row.cells.get(column));
            cells.map(|cell| wrap::longest(cell)).max().unwrap_or(0)
        };
        let least: Vec<usize> = (0..widths.len()).map(words).collect();
        while widths.iter().sum::<usize>() > room {
            let wide = (0..widths.len()).filter(|&it| widths[it] > least[it]).max_by_key(|&it| widths[it]);
            let Some(wide) = wide else { break };
            widths[wide] -= 1;
        }
        widths
    }
}

/// One row: as many lines as its longest cell takes.
fn write_row(text: &mut String, cells: &[String], widths: &[usize], command: Option<&str>) {
    let wrapped: Vec<Vec<String>> = cells.iter().zip(widths).map(|(cell, &width)| wrap::lines(cell, width)).collect();
    let lines = wrapped.iter().map(Vec::len).max().unwrap_or(1);
    for at in 0..lines {
        let mut line = String::new();
        for (cell, width) in wrapped.iter().zip(widths) {
            let cell = cell.get(at).map_or("", String::as_str);
            let gap = " ".repeat((width + GAP).saturating_sub(cell.width()));
            line += cell;
            line += &gap;
        }
        if at == 0 {
            line += command.unwrap_or_default();
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text(terminal_columns()))
    }
}
