//! Detail of a problem besides its sentence, in both languages: which field, and what is allowed.
use pipeline::form::Wrong;
use pipeline::lang::Lang;
use pipeline::text::TextError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// More about a problem, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail(Texts);

/// Boxed, so that a [`Problem`] stays small.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Texts {
    Same(String),
    Both(Box<[String; 2]>),
}

impl Detail {
    /// A sentence in Chinese and the same in English.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self(Texts::Both(Box::new([zh.into(), en.into()])))
    }

    /// What is wrong with a text, after the name of its field.
    pub fn of_text(field: &str, error: TextError) -> Self {
        Self::new(error.text(Lang::Zh), error.text(Lang::En)).of(field)
    }

    /// The message of a parser of JSON or of a query, which is English only: the usual messages are translated.
    pub fn of_parser(said: &str) -> Self {
        let named = |before: &str| {
            let (name, rest) = said.split_once(before)?.1.split_once('`')?;
            Some((name.to_owned(), rest.to_owned()))
        };
        let zh = if let Some((name, _)) = named("missing field `") {
            format!("缺少 {name}")
        } else if let Some((name, rest)) = named("unknown field `") {
            let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
            if known.is_empty() {
                format!("不认识 {name}")
            } else {
                format!("不认识 {name}，可用：{}", known.join("、"))
            }
        } else if let Some((name, rest)) = named("unknown variant `") {
            let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
            format!("{name} 无效，可用：{}", known.join("、"))
        } else {
            format!("无法解析：{said}")
        };
        Self::new(zh, said)
    }

    /// The same after a name, such as that of a field: `title: 1 to 80 characters`.
    #[must_use]
    pub fn of(self, name: &str) -> Self {
        Self::new(format!("{name}：{}", self.text(Lang::Zh)), format!("{name}: {}", self.text(Lang::En)))
    }

    /// The text in one language.
    pub fn text(&self, lang: Lang) -> &str {
        match (&self.0, lang) {
            (Texts::Same(text), _) => text,
            (Texts::Both(texts), Lang::Zh) => &texts[0],
            (Texts::Both(texts), Lang::En) => &texts[1],
        }
    }
}

impl From<String> for Detail {
    fn from(text: String) -> Self {
        Self(Texts::Same(text))
    }
}

impl From<&str> for Detail {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// For logs.
impl std::fmt::Display for Detail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text(Lang::En))
    }
}

/// One wrong field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// Its place in the form, such as `entrant.contact.email`.
    pub field: String,
    /// Stable name of what is wrong, such as `field_wrong` or `declaration_missing`.
    pub code: String,
    /// What is allowed, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

impl From<Wrong> for FieldProblem {
    fn from(Wrong { field, fault, zh, en }: Wrong) -> Self {
        Self { field, code: fault.name().to_owned(), zh, en }
    }
}
