//! A filled sheet, row by row: the works in it, and the result of the form's rules for each.
use super::columns::{Column, Holds, columns};
use super::title::{plain, unnumbered};
use crate::catalogue::Contest;
use crate::form::{self, Answers, Checked, Field, Kind, Wrong, YES, id};
use crate::lang::Lang;

/// A row as read: its number in the spreadsheet, and the text of its cells from the first column on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells<'t> {
    /// From 1.
    pub number: u32,
    /// May be fewer than there are columns.
    pub text: &'t [String],
}

/// Rows in which the headings are searched; above them are a title, the unit and the date.
const ROWS_BEFORE: usize = 20;
/// A row of headings has at least this many known ones; a single one may be the title of the page.
const LEAST_HEADINGS: usize = 3;
/// Texts that make a declaration, as clerks enter them in such a column.
const DECLARED: [&str; 9] = ["是", "已承诺", "承诺", "同意", "已声明", "yes", "y", "true", "1"];
/// Tick marks, which are symbols.
const TICKS: [&str; 6] = ["√", "✓", "✔", "☑", "■", "●"];

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

/// Why a table is not a sheet of works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// No row of headings.
    #[error("The first {ROWS_BEFORE} rows hold no headings. Use the template.")]
    NoHeadings,
    /// Two columns with the same name.
    #[error("Two columns have the same heading (columns {0} and {1}).")]
    TwoColumns(u32, u32),
    /// Headings only.
    #[error("The sheet holds no works.")]
    NoWorks,
}

impl SheetError {
    /// Stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoHeadings => "sheet_no_headings",
            Self::TwoColumns(..) => "sheet_two_columns",
            Self::NoWorks => "sheet_no_works",
        }
    }

    /// What is wrong and what helps, in one language.
    pub fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (_, Lang::En) => self.to_string(),
            (Self::NoHeadings, Lang::Zh) => format!("前 {ROWS_BEFORE} 行中没有表头，请使用汇总表模板。"),
            (Self::TwoColumns(a, b), Lang::Zh) => format!("第 {a} 列与第 {b} 列的表头相同。"),
            (Self::NoWorks, Lang::Zh) => "汇总表中没有作品。".to_owned(),
        }
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

/// A cell as an answer: choices by their names, declarations by the texts that clerks use. A text that is not
/// recognised stays unchanged, and the form's rules refuse it.
fn answer(field: &Field, text: &str) -> String {
    match field.kind {
        Kind::Declaration if declares(text) => YES.to_owned(),
        Kind::Choice => chosen(field, text).unwrap_or(text).to_owned(),
        // A line break in a cell only makes it fit its column.
        Kind::Line | Kind::Phone | Kind::Email => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Kind::Text | Kind::Declaration => text.to_owned(),
    }
}

fn declares(text: &str) -> bool {
    TICKS.contains(&text) || DECLARED.contains(&plain(text).as_str())
}

/// The choice that a text names: by its id or name, or as the only one whose Chinese name is contained in it.
fn chosen<'c>(field: &'c Field, text: &str) -> Option<&'c str> {
    let wanted = [plain(text), unnumbered(text)];
    let names = |choice: &form::Choice| [&choice.id, &choice.zh, &choice.en].map(|name| plain(name));
    let equal = field.choices.iter().find(|choice| names(choice).iter().any(|name| wanted.contains(name)));
    if let Some(choice) = equal {
        return Some(&choice.id);
    }
    let mut within = field.choices.iter().filter(|choice| wanted[0].contains(&plain(&choice.zh)));
    match (within.next(), within.next()) {
        (Some(choice), None) => Some(&choice.id),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
