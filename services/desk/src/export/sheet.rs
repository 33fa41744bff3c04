//! A table in memory: headings and rows, before it becomes a file.

/// One table.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// Its name for a person; also the name of the spreadsheet's one sheet.
    pub title: String,
    /// Printed at the top of each page.
    pub subtitle: String,
    /// From left to right.
    pub columns: Vec<Column>,
    /// Each has one cell for every column.
    pub rows: Vec<Vec<Cell>>,
}

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    /// The text above it.
    pub heading: String,
    /// About as many Latin characters as fit into it.
    pub width: u16,
}

/// One cell. Typed text, ids, codes and phone numbers are texts: a spreadsheet would show 13812345678 as 1.38E+10.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Shown as it is, whatever its form.
    Text(String),
    /// A number that can be sorted and summed.
    Number(u32),
}

impl Column {
    /// A column of this width.
    pub fn new(heading: impl Into<String>, width: u16) -> Self {
        Self { heading: heading.into(), width }
    }
}

impl Cell {
    /// An empty cell.
    pub const EMPTY: Cell = Cell::Text(String::new());

    /// A text, or an empty cell.
    pub fn of(text: Option<impl Into<String>>) -> Self {
        text.map_or(Cell::EMPTY, |text| Cell::Text(text.into()))
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.to_owned())
    }
}
