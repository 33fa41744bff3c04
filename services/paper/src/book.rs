//! What is read from a file, and the one place that adds to it: every limit on content is enforced here.
use std::collections::BTreeMap;

use pipeline::text::{Lines, check};
use serde::{Deserialize, Serialize};

use crate::limits::Limits;
use crate::refusal::Refusal;

/// The characters of a worksheet's name that are kept; Excel allows 31.
const NAME_CHARS: usize = 31;

/// The child's answer to a request to read a spreadsheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Its content.
    Read(Book),
    /// Why it is not read.
    Refused(Refusal),
}

/// The worksheets of a file that have any text and are not hidden, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// At least one.
    pub sheets: Vec<Sheet>,
}

/// One worksheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// The name on its tab; empty for a CSV.
    pub name: String,
    /// Rows with any text, in their order.
    pub rows: Vec<Row>,
}

/// One row with any text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The row number that the program shows, from 1.
    pub number: u32,
    /// The text of each cell, starting with the first column; the last one is not empty.
    pub cells: Vec<String>,
}

impl Book {
    /// Checks an answer against the requested limits: if a hostile file took over the child, the child may write
    /// anything.
    ///
    /// # Errors
    /// Names the limit that is exceeded.
    pub fn check(&self, limits: &Limits) -> Result<(), &'static str> {
        let rows = || self.sheets.iter().flat_map(|sheet| &sheet.rows);
        let cells = || rows().flat_map(|row| &row.cells);
        let holds = [
            ("it has no sheet, or too many", (1..=limits.sheets as usize).contains(&self.sheets.len())),
            ("it has too many rows", rows().count() <= limits.rows as usize),
            ("a sheet has no row", self.sheets.iter().all(|sheet| !sheet.rows.is_empty())),
            (
                "rows are out of order",
                self.sheets.iter().all(|sheet| sheet.rows.is_sorted_by(|a, b| a.number < b.number)),
            ),
            ("a row is empty", rows().all(|row| row.cells.last().is_some_and(|text| !text.is_empty()))),
            ("a row is too wide", rows().all(|row| row.cells.len() <= limits.columns as usize)),
            ("a cell is too long", cells().all(|text| text.chars().count() <= limits.cell_chars as usize)),
            ("it holds too much text", cells().map(|text| text.len() as u64).sum::<u64>() <= limits.text_bytes),
            ("a cell holds what is no text", cells().all(|text| check(text, Lines::Many).is_ok())),
            ("the name of a sheet is no text", self.sheets.iter().all(|sheet| is_name(&sheet.name))),
        ];
        holds.into_iter().find(|(_, holds)| !holds).map_or(Ok(()), |(what, _)| Err(what))
    }
}

fn is_name(name: &str) -> bool {
    name.chars().count() <= NAME_CHARS && check(name, Lines::One).is_ok()
}

/// Collects the cells of a file within its limits.
pub(crate) struct Collector<'a> {
    pub(crate) limits: &'a Limits,
    sheets: Vec<Sheet>,
    rows: u32,
    text_bytes: u64,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(limits: &'a Limits) -> Self {
        Self { limits, sheets: Vec::new(), rows: 0, text_bytes: 0 }
    }

    /// Starts a worksheet.
    pub(crate) fn sheet(&mut self, name: &str) -> Result<Cells<'_, 'a>, Refusal> {
        if self.sheets.len() as u32 >= self.limits.sheets {
            return Err(Refusal::TooManySheets { most: self.limits.sheets });
        }
        let name = tidied(name).replace(['\n', '\t'], " ").chars().take(NAME_CHARS).collect();
        Ok(Cells { all: self, name, rows: BTreeMap::new() })
    }

    /// Everything that was collected.
    pub(crate) fn book(self) -> Result<Book, Refusal> {
        if self.sheets.is_empty() { Err(Refusal::Empty) } else { Ok(Book { sheets: self.sheets }) }
    }
}

/// Collects the cells of one worksheet, in any order.
pub(crate) struct Cells<'c, 'a> {
    all: &'c mut Collector<'a>,
    name: String,
    rows: BTreeMap<u32, Vec<String>>,
}

impl Cells<'_, '_> {
    /// Adds a cell, counted from 0. A later text of the same cell replaces an earlier one.
    pub(crate) fn put(&mut self, row: u32, column: u32, text: &str) -> Result<(), Refusal> {
        let text = tidied(text);
        if text.is_empty() {
            return Ok(());
        }
        let Collector { limits, rows, text_bytes, .. } = &mut *self.all;
        if column >= limits.columns {
            return Err(Refusal::TooWide { row: row.saturating_add(1), most: limits.columns });
        }
        if text.chars().nth(limits.cell_chars as usize).is_some() {
            let (row, column) = (row.saturating_add(1), column + 1);
            return Err(Refusal::CellTooLong { row, column, most: limits.cell_chars });
        }
        *text_bytes += text.len() as u64;
        if *text_bytes > limits.text_bytes {
            return Err(Refusal::TooMuchText);
        }
        if !self.rows.contains_key(&row) {
            *rows += 1;
            if *rows > limits.rows {
                return Err(Refusal::TooManyRows { most: limits.rows });
            }
        }
        let cells = self.rows.entry(row).or_default();
        let column = column as usize;
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        cells[column] = text;
        Ok(())
    }

    /// Gives every cell of a merged region the text of the first cell, in rows that have any text.
    pub(crate) fn merge(&mut self, start: (u32, u32), end: (u32, u32)) -> Result<(), Refusal> {
        let first = self.rows.get(&start.0).and_then(|cells| cells.get(start.1 as usize)).cloned();
        let Some(first) = first.filter(|text| !text.is_empty() && start.0 <= end.0 && start.1 <= end.1) else {
            return Ok(());
        };
        let rows: Vec<u32> = self.rows.range(start.0..=end.0).map(|(row, _)| *row).collect();
        for row in rows {
            for column in start.1..=end.1.min(self.all.limits.columns.saturating_sub(1)) {
                if (row, column) != start {
                    self.put(row, column, &first)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the worksheet. One without text is left out.
    pub(crate) fn end(self) {
        if self.rows.is_empty() {
            return;
        }
        let rows = self.rows.into_iter().map(|(row, cells)| Row { number: row.saturating_add(1), cells }).collect();
        self.all.sheets.push(Sheet { name: self.name, rows });
    }
}

/// A cell's text without invisible characters: control characters, direction marks and zero-width spaces come with
/// pasted text, and the person who pasted it could not find them. Line ends stay.
fn tidied(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let seen = |c: &char| {
        check(c.encode_utf8(&mut [0; 4]), Lines::Many).is_ok() && !matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
    };
    text.chars().filter(seen).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book {
        let limits = Limits::default();
        let mut collector = Collector::new(&limits);
        let mut cells = collector.sheet("汇总表").unwrap();
        cells.put(4, 1, " 早晨\u{200b}\u{202e} \r\n二 ").unwrap();
        cells.put(2, 0, "x").unwrap();
        cells.put(2, 3, "  ").unwrap();
        cells.end();
        collector.sheet("空").unwrap().end();
        collector.book().unwrap()
    }

    #[test]
    fn rows_are_in_order_and_hold_what_can_be_seen() {
        let row = |number, cells: &[&str]| Row { number, cells: cells.iter().map(|&text| text.to_owned()).collect() };
        let sheet = Sheet { name: "汇总表".into(), rows: vec![row(3, &["x"]), row(5, &["", "早晨 \n二"])] };
        assert_eq!(book(), Book { sheets: vec![sheet] });
        book().check(&Limits::default()).unwrap();
    }

    #[test]
    fn an_answer_beyond_the_limits_is_no_answer() {
        let wrong = |change: fn(&mut Book, &mut Limits)| {
            let (mut book, mut limits) = (book(), Limits::default());
            change(&mut book, &mut limits);
            book.check(&limits).unwrap_err()
        };
        assert_eq!(wrong(|book, _| book.sheets.clear()), "it has no sheet, or too many");
        assert_eq!(
            wrong(|book, _| book.sheets.extend(vec![book.sheets[0].clone(); 20])),
            "it has no sheet, or too many"
        );
        assert_eq!(wrong(|_, limits| limits.rows = 1), "it has too many rows");
        assert_eq!(wrong(|book, _| book.sheets[0].rows.clear()), "a sheet has no row");
        assert_eq!(wrong(|book, _| book.sheets[0].rows.reverse()), "rows are out of order");
        assert_eq!(wrong(|book, _| book.sheets[0].rows[0].cells.clear()), "a row is empty");
        assert_eq!(wrong(|_, limits| limits.columns = 1), "a row is too wide");
        assert_eq!(wrong(|_, limits| limits.cell_chars = 2), "a cell is too long");
        assert_eq!(wrong(|_, limits| limits.text_bytes = 5), "it holds too much text");
        assert_eq!(
            wrong(|book, _| book.sheets[0].rows[0].cells[0] = "\u{202e}x".into()),
            "a cell holds what is no text"
        );
        assert_eq!(wrong(|book, _| book.sheets[0].name = "x\n".into()), "the name of a sheet is no text");
    }
}
