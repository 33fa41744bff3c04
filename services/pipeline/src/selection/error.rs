//! What is wrong with a text that is no selection.
use super::bounds::{MAX_BYTES, MAX_CONDITIONS};
use crate::lang::{Lang, shown};

/// Every field, in its typed form.
pub(super) const FIELDS: [&str; 10] =
    ["contest", "theme", "state", "title", "unit", "partner", "delivery", "rendition", "engine", "entered"];

/// Why a text is not a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectionError {
    /// Longer than [`MAX_BYTES`].
    TooLong,
    /// More than [`MAX_CONDITIONS`].
    TooManyConditions,
    /// No condition at all.
    Empty,
    /// Not a condition.
    NoCondition(String),
    /// An unknown field.
    UnknownField(String),
    /// An operator that the field does not have.
    Operator {
        /// The field.
        field: &'static str,
        /// The operator that was typed.
        operator: &'static str,
        /// The allowed operators.
        allowed: &'static str,
    },
    /// The same field with the same operator a second time.
    Twice(String),
    /// A field with a text search, a second time.
    OnlyOnce(&'static str),
    /// A value that the field cannot have.
    Value {
        /// The field.
        field: &'static str,
        /// The value that was typed.
        value: String,
        /// The allowed values: Chinese and English.
        allowed: (String, String),
    },
}

impl SelectionError {
    /// An unknown name.
    pub(super) fn unknown(field: &'static str, name: &str, known: &[&str]) -> Self {
        let listed = known.join(", ");
        Self::Value { field, value: name.to_owned(), allowed: (listed.clone(), listed) }
    }

    /// The sentence in one language.
    pub fn text(&self, lang: Lang) -> String {
        let fields = FIELDS.join(", ");
        match (self, lang) {
            (Self::TooLong, Lang::En) => format!("a selection is at most {MAX_BYTES} bytes long"),
            (Self::TooLong, Lang::Zh) => format!("筛选条件最长 {MAX_BYTES} 字节"),
            (Self::TooManyConditions, Lang::En) => format!("a selection has at most {MAX_CONDITIONS} conditions"),
            (Self::TooManyConditions, Lang::Zh) => format!("筛选条件最多 {MAX_CONDITIONS} 个"),
            (Self::Empty, Lang::En) => {
                format!("a selection has at least one condition, such as state=published; fields are {fields}")
            }
            (Self::Empty, Lang::Zh) => format!("至少要有一个条件，例如 state=published；可用字段：{fields}"),
            (Self::NoCondition(text), Lang::En) => format!(
                "{:?} is no condition; a condition is a field, one of = != < <= > >= ~ and a value, without blanks, such as theme=green",
                shown(text)
            ),
            (Self::NoCondition(text), Lang::Zh) => format!(
                "“{}”不是条件；条件由字段、= != < <= > >= ~ 之一和值组成，中间没有空格，例如 theme=green",
                shown(text)
            ),
            (Self::UnknownField(field), Lang::En) => {
                format!("no field is called {:?}; fields are {fields}", shown(field))
            }
            (Self::UnknownField(field), Lang::Zh) => format!("没有字段“{}”；可用字段：{fields}", shown(field)),
            (Self::Operator { field, operator, allowed }, Lang::En) => {
                format!("{field} cannot be compared by {operator}; allowed are {allowed}")
            }
            (Self::Operator { field, operator, allowed }, Lang::Zh) => {
                format!("字段 {field} 不能用 {operator} 比较；可用：{allowed}")
            }
            (Self::Twice(what), Lang::En) => {
                format!("{what} is given twice; write alternatives with commas, such as {what}a,b")
            }
            (Self::Twice(what), Lang::Zh) => format!("{what} 出现了两次；多个值用逗号分隔，例如 {what}a,b"),
            (Self::OnlyOnce(field), Lang::En) => format!("{field}~ is given twice; one text is looked for"),
            (Self::OnlyOnce(field), Lang::Zh) => format!("{field}~ 出现了两次；只能查找一段文字"),
            (Self::Value { field, value, allowed: (_, en) }, Lang::En) => {
                format!("{field} cannot be {:?}; allowed is {en}", shown(value))
            }
            (Self::Value { field, value, allowed: (zh, _) }, Lang::Zh) => {
                format!("字段 {field} 的值不能是“{}”；可用：{zh}", shown(value))
            }
        }
    }
}

impl std::fmt::Display for SelectionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

impl std::error::Error for SelectionError {}
