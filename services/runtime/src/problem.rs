//! Every reason to refuse a request or an act. The codes with their texts are one table, `code`; `causes` turns errors
//! of other parts into problems. Programs read the code; `serving::render` turns a problem into an answer.
use std::num::NonZeroU32;

use pipeline::form::Wrong;
use pipeline::lang::Lang;

use crate::doors::{Denied, Door, Reason};
use crate::serving::full::RETRY_AFTER_S;

mod causes;
mod code;
mod detail;

pub use code::{Code, Row};
pub use detail::{Detail, FieldProblem};

impl Code {
    /// The stable name that clients read.
    pub fn name(self) -> &'static str {
        self.row().code
    }

    /// The HTTP status of the answer, including 460, which tus 1.0.0 defines for a wrong checksum.
    pub fn status(self) -> u16 {
        self.row().status
    }

    /// Seconds until the same request may succeed. A full store or a full table needs more than a moment.
    pub fn retry_after_s(self) -> u32 {
        if matches!(self, Code::StoreFull | Code::UploadsFull) { 60 } else { RETRY_AFTER_S }
    }

    /// The problem with more detail. A sentence needs [`Detail::new`]; names and limits are the same in both languages.
    pub fn about(self, detail: impl Into<Detail>) -> Problem {
        Problem { detail: Some(detail.into()), ..self.into() }
    }

    /// The problem of a request that was refused at a door. `credential` is the id that it presented, if it is known.
    pub fn refused(self, door: Door, reason: Reason, credential: Option<impl ToString>) -> Problem {
        let credential = credential.map(|id| id.to_string());
        Problem { refused: Some(Box::new(Refused { door, reason, credential })), ..self.into() }
    }

    /// What is logged about a refusal that was created without more detail.
    fn refusal(self) -> Option<Refused> {
        let (door, reason) = match self {
            Code::TokenMissing => (Door::Organisers, Reason::Missing),
            Code::TokenWrong => (Door::Organisers, Reason::Wrong),
            Code::RoleMissing | Code::ContestForeign | Code::RoleBeyond => (Door::Organisers, Reason::Forbidden),
            Code::ForeignUpload => (Door::Entrants, Reason::Forbidden),
            _ => return None,
        };
        Some(Refused { door, reason, credential: None })
    }
}

/// Who was refused at which door: for the log, never for the client.
#[derive(Clone, Debug)]
pub struct Refused {
    door: Door,
    reason: Reason,
    credential: Option<String>,
}

/// A problem before rendering: the renderer turns it into text in the language that the client asked for.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Its code.
    pub code: Code,
    /// Which field or header, and what is allowed; never what was sent.
    pub detail: Option<Detail>,
    /// Each wrong field of a form.
    pub fields: Vec<FieldProblem>,
    /// The offset up to which bytes are stored, if a client can use it.
    pub offset: Option<u64>,
    /// Seconds until the same request may succeed, if more is known than [`Code::retry_after_s`] gives.
    pub retry_after_s: Option<NonZeroU32>,
    /// Set if a credential was required and was not sufficient.
    pub refused: Option<Box<Refused>>,
    /// What failed on our side: for the log and for operators on the command line, never for a client.
    pub cause: Option<Box<str>>,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Problem {
            code,
            detail: None,
            fields: Vec::new(),
            offset: None,
            retry_after_s: None,
            refused: None,
            cause: None,
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code.name())?;
        self.detail.as_ref().map_or(Ok(()), |detail| write!(f, ": {detail}"))
    }
}

/// A problem found within a transaction ends it like any error, and is returned unchanged.
impl std::error::Error for Problem {}

impl Problem {
    /// Seconds until the same request may succeed.
    pub fn retry_after_s(&self) -> u32 {
        self.retry_after_s.map_or_else(|| self.code.retry_after_s(), NonZeroU32::get)
    }

    /// Every wrong field of a form in one problem.
    pub fn of_form(wrong: Vec<Wrong>) -> Self {
        let fields: Vec<FieldProblem> = wrong.into_iter().map(FieldProblem::from).collect();
        let said = |lang| {
            let (colon, between) = if lang == Lang::Zh { ("：", "；") } else { (": ", "; ") };
            let text =
                |it: &FieldProblem| format!("{}{colon}{}", it.field, if lang == Lang::Zh { &it.zh } else { &it.en });
            fields.iter().map(text).collect::<Vec<_>>().join(between)
        };
        let detail = Some(Detail::new(said(Lang::Zh), said(Lang::En)));
        Self { detail, fields, ..Code::FormWrong.into() }
    }

    /// The sentence of its code and its detail, in one language.
    pub fn text(&self, lang: Lang) -> String {
        let row = self.code.row();
        let sentence = if lang == Lang::Zh { row.zh } else { row.en };
        match &self.detail {
            None => sentence.to_owned(),
            Some(detail) if lang == Lang::Zh => format!("{sentence}（{}）", detail.text(lang)),
            Some(detail) => format!("{sentence} ({})", detail.text(lang)),
        }
    }

    /// What is logged about a request that was refused because of a missing credential or right; `None` for any other
    /// problem.
    pub(crate) fn denied(&self) -> Option<Denied> {
        let Refused { door, reason, credential } = self.refused.as_deref().cloned().or_else(|| self.code.refusal())?;
        Some(Denied { door, reason, code: self.code.name(), credential })
    }
}

#[cfg(test)]
mod tests;
