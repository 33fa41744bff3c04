//! One question of an entry form. Questions are data in the contest's file; a contest without any asks the usual ones.
use serde::{Deserialize, Serialize};

use crate::lang::Lang;
use crate::partner::Name;

/// Ids of the fields that every form knows. Others are a contest's own.
pub mod id {
    /// Title of the work.
    pub const TITLE: &str = "title";
    /// Theme of the contest.
    pub const THEME: &str = "theme";
    /// Summary of the work.
    pub const SYNOPSIS: &str = "synopsis";
    /// Organisation that recommends the work.
    pub const UNIT: &str = "recommending_unit";
    /// Name of the entrant.
    pub const NAME: &str = "entrant.name";
    /// Organisation of the entrant.
    pub const ORGANISATION: &str = "entrant.organisation";
    /// Telephone number.
    pub const PHONE: &str = "entrant.contact.phone";
    /// E-mail address.
    pub const EMAIL: &str = "entrant.contact.email";
    /// The work is the entrant's own.
    pub const ORIGINALITY: &str = "declarations.originality";
    /// The entrant has all rights to what is in it.
    pub const RIGHTS: &str = "declarations.rights";
    /// How AI was used.
    pub const AI_USE: &str = "declarations.ai_use";
    /// Details of the AI use, in words.
    pub const AI_NOTE: &str = "declarations.ai_note";

    /// All of them, in the usual order of a form.
    pub const KNOWN: [&str; 12] =
        [TITLE, THEME, SYNOPSIS, NAME, ORGANISATION, PHONE, EMAIL, UNIT, ORIGINALITY, RIGHTS, AI_USE, AI_NOTE];
}

/// What kind of answer a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One line. Its choices, if any, are suggestions.
    Line,
    /// Any number of lines.
    Text,
    /// One of its choices, by id.
    Choice,
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A sentence that the entrant declares by ticking it.
    Declaration,
}

/// The part of the form that a field belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// About the work.
    Work,
    /// About the entrant.
    Entrant,
    /// Declarations of the entrant.
    Declarations,
}

/// One of a field's choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The answer.
    pub id: String,
    /// The choice's text, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

impl Choice {
    /// The choice's text in one language.
    pub fn text(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// One of [`id::KNOWN`], or a plain name of the contest's own field.
    pub id: String,
    /// Its name on pages, in sheets and in lists.
    pub label: Name,
    /// A sentence of help under the label.
    pub hint: Option<Name>,
    /// What kind of answer it takes.
    pub kind: Kind,
    /// The part of the form.
    pub section: Section,
    /// Whether it must be answered.
    pub required: bool,
    /// Least length of an answer, in characters; an optional answer may be empty all the same.
    pub min_chars: u32,
    /// Greatest length of an answer, in characters.
    pub max_chars: u32,
    /// Answers to choose from.
    pub choices: Vec<Choice>,
}

impl Field {
    /// Whether only this contest asks for it.
    pub fn is_own(&self) -> bool {
        !id::KNOWN.contains(&self.id.as_str())
    }

    /// The name under which a declaration is stored.
    pub fn declared_as(&self) -> &str {
        self.id.strip_prefix("declarations.").unwrap_or(&self.id)
    }

    /// Its place in the API's form: a known field's id; a contest's own fields are under `answers`.
    pub fn place(&self) -> String {
        if self.is_own() { format!("answers.{}", self.id) } else { self.id.clone() }
    }
}
