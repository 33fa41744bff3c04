//! A filled sheet, row by row: the works in it, and the result of the form's rules for each.
use super::columns::{Column, Holds, columns};
use super::title::plain;
use crate::catalogue::Contest;
use crate::form::{self, Answers, Checked, Wrong, id};
use cell::answer;
use error::ROWS_BEFORE;
pub use error::SheetError;

mod cell;
mod error;

/// A row as read: its number in the spreadsheet, and the text of its cells from the first column on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells<'t> {
    /// From 1.
    pub number: u32,
    /// May be fewer than there are columns.
    pub text: &'t [String],
}

/// A row of headings has at least this many known ones; a single one may be the title of the page.
const LEAST_HEADINGS: usize = 3;
/// The content of a filled sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// One a row, in their order.
    pub works: Vec<Work>,
    /// Headings that match no column of the form. The cells below them are not read.
    pub unknown: Vec<String>,
    /// Numbers of rows below the headings that contain no work, such as a signature.
    pub notes: Vec<u32>,
}

/// One work of a sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// Number of its row.
    pub row: u32,
    /// The row's answers, by the id of the field, with the unit. Choices are ids.
    pub answers: Answers,
    /// The file named in the row; may be empty.
    pub file: String,
    /// The answers if they keep the form's rules, else all errors.
    pub checked: Result<Checked, Vec<Wrong>>,
    /// Number of an earlier row with the same title.
    pub repeats: Option<u32>,
}

impl Work {
    /// Its title as written in the row.
    pub fn title(&self) -> &str {
        self.answers.get(id::TITLE).map_or("", String::as_str)
    }
}

/// Reads the works of `unit` for a contest from one table.
///
/// # Errors
/// When it has no headings, two columns of the same name, or no works.
pub fn read(contest: &Contest, unit: &str, rows: &[Cells]) -> Result<Sheet, SheetError> {
    let columns = columns(contest);
    let at = headings(&columns, rows).ok_or(SheetError::NoHeadings)?;
    let (placed, unknown) = placed(&columns, rows[at].text)?;
    let mut sheet = Sheet { works: Vec::new(), unknown, notes: Vec::new() };
    for row in &rows[at + 1..] {
        match work(contest, unit, &placed, row) {
            Some(mut work) => {
                let title = plain(work.title());
                let same = |earlier: &&Work| !title.is_empty() && plain(earlier.title()) == title;
                work.repeats = sheet.works.iter().find(same).map(|earlier| earlier.row);
                sheet.works.push(work);
            }
            None => sheet.notes.push(row.number),
        }
    }
    if sheet.works.is_empty() { Err(SheetError::NoWorks) } else { Ok(sheet) }
}

/// Index of the row with the headings: the first with the title's and enough others.
fn headings(columns: &[Column], rows: &[Cells]) -> Option<usize> {
    let known =
        |row: &Cells| columns.iter().filter(|column| row.text.iter().any(|text| column.is_called(text))).count();
    let has_title =
        |row: &Cells| columns.iter().any(|it| is_title(it) && row.text.iter().any(|text| it.is_called(text)));
    rows.iter().take(ROWS_BEFORE).position(|row| has_title(row) && known(row) >= LEAST_HEADINGS)
}

fn is_title(column: &Column) -> bool {
    matches!(column.holds, Holds::Answer(field) if field.id == id::TITLE)
}

/// The column at each position, and the unknown headings.
type Placed<'c> = (Vec<(usize, Holds<'c>)>, Vec<String>);

fn placed<'c>(columns: &[Column<'c>], headings: &[String]) -> Result<Placed<'c>, SheetError> {
    let (mut placed, mut unknown) = (Vec::<(usize, Holds)>::new(), Vec::new());
    for (place, heading) in headings.iter().enumerate().filter(|(_, heading)| !heading.is_empty()) {
        // A column's label takes precedence over the other names.
        match columns.iter().find(|column| column.is_called(heading)) {
            Some(column) => {
                if let Some((earlier, _)) = placed.iter().find(|(_, holds)| *holds == column.holds) {
                    return Err(SheetError::TwoColumns(*earlier as u32 + 1, place as u32 + 1));
                }
                placed.push((place, column.holds));
            }
            None => unknown.push(heading.clone()),
        }
    }
    Ok((placed, unknown))
}

/// The work of one row; `None` for a row that is a note. A work has at least two different texts in known columns
/// besides its number: a signature below the table has one, which a merged cell may repeat in all columns.
fn work(contest: &Contest, unit: &str, placed: &[(usize, Holds)], row: &Cells) -> Option<Work> {
    let mut answers = Answers::new();
    let mut file = String::new();
    let mut texts: Vec<&str> = Vec::new();
    for (place, holds) in placed {
        let text = row.text.get(*place).map_or("", String::as_str).trim();
        if text.is_empty() || matches!(holds, Holds::Number) {
            continue;
        }
        if !texts.contains(&text) {
            texts.push(text);
        }
        match holds {
            Holds::Number => {}
            Holds::File => file = text.to_owned(),
            Holds::Answer(field) => {
                answers.insert(field.id.clone(), answer(field, text));
            }
        }
    }
    if texts.len() < 2 {
        return None;
    }
    if contest.field(id::UNIT).is_some() {
        answers.insert(id::UNIT.to_owned(), unit.to_owned());
    }
    let checked = form::check(contest, &answers);
    Some(Work { row: row.number, answers, file, checked, repeats: None })
}

#[cfg(test)]
mod tests;
