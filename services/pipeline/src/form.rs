//! The entry form: the questions of a contest, and the errors in an entrant's answers. Pages, the API, the command line
//! and the sheets of recommending units fill in the same form and are checked by the same function.
//!
//! | question | file |
//! |---|---|
//! | which questions are there, and of which kind? | `field` |
//! | what is wrong with the answers? | `check` |
//!
//! Answers are texts by the id of their field; a declaration that is made is [`YES`]. All errors are returned as data,
//! at once.
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::catalogue::Contest;
use crate::lang::Lang;

mod advice;
mod check;
mod field;

pub use advice::Filled;
pub use check::check;
pub use field::{Choice, Field, Kind, Section, id};

/// Answers as given, by the id of their field. A missing one is empty.
pub type Answers = BTreeMap<String, String>;

/// The answer to a declaration that is made. Any other answer does not make it.
pub const YES: &str = "true";

/// Answers that keep every rule of their contest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Trimmed; none is empty.
    texts: Answers,
    /// Fields of the contest's own, other than declarations.
    own: Answers,
    declarations: Map<String, Value>,
}

impl Checked {
    /// The answer to a field; empty if there is none.
    pub fn text(&self, id: &str) -> &str {
        self.texts.get(id).map_or("", String::as_str)
    }

    /// The answer to a field that may be missing.
    pub fn given(&self, id: &str) -> Option<&str> {
        self.texts.get(id).map(String::as_str)
    }

    /// Answers to the questions that only this contest asks. They may name people.
    pub fn own(&self) -> &Answers {
        &self.own
    }

    /// The entrant's declarations by name: `originality`, `rights`, `ai_use`, and the contest's own.
    pub fn declarations(&self) -> &Map<String, Value> {
        &self.declarations
    }
}

/// The answers to a contest's declarations, restored from what [`Checked::declarations`] stored.
pub fn declared(contest: &Contest, declarations: &Value) -> Answers {
    let answer = |field: &Field| {
        let text = match declarations.get(field.declared_as())? {
            Value::Bool(true) => YES.to_owned(),
            Value::String(text) => text.clone(),
            _ => return None,
        };
        Some((field.id.clone(), text))
    };
    contest.fields.iter().filter(|field| field.section == Section::Declarations).filter_map(answer).collect()
}

/// One answer that breaks a rule. Never contains the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The field's place in the form, such as `entrant.contact.email`, or `entrant.contact` if one of two answers is
    /// required.
    pub field: String,
    /// The kind of error.
    pub fault: Fault,
    /// What is allowed, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

impl Wrong {
    /// What is allowed, in one language.
    pub fn text(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

/// The kinds of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is missing, too long, or not of its field's kind.
    FieldWrong,
    /// It contains a character that texts must not contain.
    TextUnfit,
    /// The contest has no such theme.
    ThemeUnknown,
    /// A declaration is not made.
    DeclarationMissing,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Fault; 4] = [Fault::FieldWrong, Fault::TextUnfit, Fault::ThemeUnknown, Fault::DeclarationMissing];

    /// The stable name that clients read.
    pub fn name(self) -> &'static str {
        match self {
            Fault::FieldWrong => "field_wrong",
            Fault::TextUnfit => "text_unfit",
            Fault::ThemeUnknown => "theme_unknown",
            Fault::DeclarationMissing => "declaration_missing",
        }
    }
}

#[cfg(test)]
mod tests;
