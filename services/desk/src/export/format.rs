//! The kinds of files that a table is written as.
use super::sheet::Sheet;
use super::{csv, xlsx};

/// Which kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Office Open XML.
    Xlsx,
    /// Comma-separated values, UTF-8 with a byte order mark.
    Csv,
}

impl Format {
    /// The extension of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Xlsx => "xlsx",
            Format::Csv => "csv",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Format::Csv => "text/csv; charset=utf-8",
        }
    }

    /// A table as a file of this kind.
    ///
    /// # Errors
    /// If the table does not fit into the format.
    pub fn write(self, sheet: &Sheet) -> anyhow::Result<Vec<u8>> {
        match self {
            Format::Xlsx => xlsx::write(sheet),
            Format::Csv => Ok(csv::write(sheet)),
        }
    }
}
