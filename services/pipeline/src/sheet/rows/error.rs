//! Why a table is not a sheet of works.
use crate::lang::Lang;

/// Rows in which the headings are searched; above them are a title, the unit and the date.
pub(super) const ROWS_BEFORE: usize = 20;

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
