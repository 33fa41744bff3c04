//! The limits of a spreadsheet. The sheet of a recommending unit has about forty rows and twenty columns.
use serde::{Deserialize, Serialize};

const MIB: u64 = 1 << 20;

/// Limits of one file. A file that exceeds one of them is refused with the name of that limit; nothing is cut off
/// silently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Parts of an .xlsx, which is a zip archive.
    pub parts: u32,
    /// Bytes of all parts after decompression.
    pub unpacked_bytes: u64,
    /// The highest compression ratio of a part larger than 1 MiB.
    pub ratio: u64,
    /// Worksheets.
    pub sheets: u32,
    /// Rows with any text, in all worksheets together.
    pub rows: u32,
    /// Columns of a row.
    pub columns: u32,
    /// Characters of one cell.
    pub cell_chars: u32,
    /// Bytes of all text that is read.
    pub text_bytes: u64,
}

impl Default for Limits {
    /// Enough for a sheet of a thousand works.
    fn default() -> Self {
        Self {
            file_bytes: 8 * MIB,
            // A workbook has about ten, and one more for each picture or comment in it.
            parts: 1000,
            unpacked_bytes: 64 * MIB,
            // The XML of empty, formatted cells reaches 30; deflate cannot exceed 1032.
            ratio: 200,
            sheets: 20,
            rows: 2000,
            columns: 64,
            cell_chars: 4000,
            // Escaped as JSON it stays below the longest line that is read from a child, 4 MiB.
            text_bytes: 3 * MIB / 2,
        }
    }
}
