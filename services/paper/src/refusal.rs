//! Why a file is not read: a stable code and a sentence that states what to do.
use pipeline::lang::Lang;
use serde::{Deserialize, Serialize};

/// Why a spreadsheet is refused. It contains numbers only: no text of the file is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Neither .xlsx nor text with separators.
    #[error("The file is not a spreadsheet. Use .xlsx or .csv.")]
    UnknownFormat,
    /// The binary format of Excel before 2007, also used by WPS (.et).
    #[error("The formats .xls and .et are not supported. Save the sheet as .xlsx.")]
    OldFormat,
    /// Opens only with a password.
    #[error("The sheet is protected by a password. Remove the password and save it again.")]
    Encrypted,
    /// Not readable to the end.
    #[error("The sheet is damaged. Open it in Excel or WPS and save it again.")]
    Damaged,
    /// A CSV in an encoding that is neither UTF-8, UTF-16 nor GB 18030.
    #[error("The encoding of the CSV file is unknown. Save it as UTF-8, or use .xlsx.")]
    UnknownEncoding,
    /// XML with a document type or entities, which is forbidden in .xlsx.
    #[error("The sheet holds XML declarations that are not allowed in .xlsx. Save it again with Excel or WPS.")]
    Entities,
    /// No cell has text.
    #[error("The sheet is empty.")]
    Empty,
    /// The file is too large.
    #[error("The file is larger than {} MiB.", .most_bytes >> 20)]
    FileTooLarge {
        /// Most bytes.
        most_bytes: u64,
    },
    /// An archive of too many parts.
    #[error("The file holds more than {most} parts. Remove pictures and attachments.")]
    TooManyParts {
        /// Most parts.
        most: u32,
    },
    /// Too large when decompressed: a zip bomb, or a sheet with large pictures.
    #[error("The file is too large after decompression. Remove pictures, and formats of unused rows and columns.")]
    UnpacksTooLarge,
    /// Too many worksheets.
    #[error("The file holds more than {most} worksheets.")]
    TooManySheets {
        /// Most worksheets.
        most: u32,
    },
    /// Too many rows with text.
    #[error("The file holds more than {most} rows. Split it.")]
    TooManyRows {
        /// Most rows.
        most: u32,
    },
    /// Text in a column beyond the last one that is read.
    #[error("Row {row} has text beyond column {most}.")]
    TooWide {
        /// Row of the worksheet, from 1.
        row: u32,
        /// Most columns.
        most: u32,
    },
    /// Too long a text in one cell.
    #[error("Row {row}, column {column}: the cell has more than {most} characters.")]
    CellTooLong {
        /// Row of the worksheet, from 1.
        row: u32,
        /// Column, from 1.
        column: u32,
        /// Most characters.
        most: u32,
    },
    /// Too much text in all.
    #[error("The sheet holds too much text. Split it.")]
    TooMuchText,
}

impl Refusal {
    /// Stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownFormat => "sheet_unknown_format",
            Self::OldFormat => "sheet_old_format",
            Self::Encrypted => "sheet_encrypted",
            Self::Damaged => "sheet_damaged",
            Self::UnknownEncoding => "sheet_unknown_encoding",
            Self::Entities => "sheet_entities",
            Self::Empty => "sheet_empty",
            Self::FileTooLarge { .. } => "sheet_file_too_large",
            Self::TooManyParts { .. } => "sheet_too_many_parts",
            Self::UnpacksTooLarge => "sheet_unpacks_too_large",
            Self::TooManySheets { .. } => "sheet_too_many_sheets",
            Self::TooManyRows { .. } => "sheet_too_many_rows",
            Self::TooWide { .. } => "sheet_too_wide",
            Self::CellTooLong { .. } => "sheet_cell_too_long",
            Self::TooMuchText => "sheet_too_much_text",
        }
    }

    /// One or two sentences for people: what is wrong, and what to do.
    pub fn text(&self, lang: Lang) -> String {
        match lang {
            Lang::En => self.to_string(),
            Lang::Zh => self.zh(),
        }
    }

    fn zh(&self) -> String {
        match self {
            Self::UnknownFormat => "该文件不是电子表格，请使用 .xlsx 或 .csv 格式。".to_owned(),
            Self::OldFormat => "不支持 .xls、.et 格式，请另存为 .xlsx 格式。".to_owned(),
            Self::Encrypted => "表格设有打开密码，请取消密码后重新保存。".to_owned(),
            Self::Damaged => "表格已损坏，请用 Excel 或 WPS 打开并重新保存。".to_owned(),
            Self::UnknownEncoding => "无法识别 CSV 文件的编码，请另存为 UTF-8 编码或 .xlsx 格式。".to_owned(),
            Self::Entities => "表格含有 .xlsx 不允许的 XML 声明，请用 Excel 或 WPS 重新保存。".to_owned(),
            Self::Empty => "表格没有内容。".to_owned(),
            Self::FileTooLarge { most_bytes } => format!("文件超过 {} MiB。", most_bytes >> 20),
            Self::TooManyParts { most } => format!("文件所含部件超过 {most} 个，请删除图片和附件。"),
            Self::UnpacksTooLarge => "文件解压后过大，请删除图片，并清除空白行、列的格式。".to_owned(),
            Self::TooManySheets { most } => format!("工作表超过 {most} 张。"),
            Self::TooManyRows { most } => format!("表格超过 {most} 行，请拆分。"),
            Self::TooWide { row, most } => format!("第 {row} 行在第 {most} 列之后仍有内容。"),
            Self::CellTooLong { row, column, most } => format!("第 {row} 行第 {column} 列超过 {most} 个字符。"),
            Self::TooMuchText => "表格文字过多，请拆分。".to_owned(),
        }
    }
}
