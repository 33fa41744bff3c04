//! The form as an entrant fills it in, and what of it is wrong.
use pipeline::catalogue::{Contest, LengthLimit};
use pipeline::text::{Limit, Lines};
use runtime::store::entrants::{Contact, Entrant};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use runtime::problem::{Code, Problem};
use runtime::serving::typed;

/// An entry, but for the film.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    /// Contest id.
    #[schema(example = "demo")]
    pub(crate) contest: String,
    /// Title of the work.
    #[schema(example = "一座工厂的早晨")]
    pub(crate) title: String,
    /// Theme id of the contest.
    #[schema(example = "digital")]
    pub(crate) theme: String,
    /// Who enters.
    pub(crate) entrant: Entrant,
    /// Organisation that recommends the work; may be empty.
    #[serde(default)]
    pub(crate) recommending_unit: String,
    /// What the work is about.
    #[serde(default)]
    pub(crate) synopsis: String,
    /// What the entrant declares.
    pub(crate) declarations: Declarations,
}

/// What the call asks an entrant to promise (section 7.1), and what GB 45438-2025 asks to be told.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Declarations {
    /// The work is the entrant's own. Must be true.
    pub(crate) originality: bool,
    /// The entrant has all rights to what is in it. Must be true.
    pub(crate) rights: bool,
    /// Whether AI made it.
    pub(crate) ai_use: AiUse,
    /// What AI was used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ai_note: Option<String>,
}

/// How far AI made the work.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AiUse {
    /// Not at all.
    None,
    /// It helped.
    Assisted,
    /// It made pictures or sound that are in the work.
    Generated,
}

/// Longest address for mail (RFC 5321 §4.5.3.1.3).
const EMAIL_CHARS: usize = 254;
/// Digits of a telephone number: the shortest that is in use, the longest of ITU-T E.164.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 5..=15;

impl Form {
    /// Trims every text and judges it by the contest's limits.
    pub(crate) fn checked(mut self, contest: &Contest) -> Result<Self, Problem> {
        self.trim();
        let bounded = |limit: LengthLimit, lines| Limit {
            min_chars: limit.min_chars as usize,
            max_chars: limit.max_chars as usize,
            lines,
        };
        typed::field("title", &self.title, bounded(contest.title, Lines::One))?;
        typed::field("synopsis", &self.synopsis, bounded(contest.synopsis, Lines::Many))?;
        if contest.theme(&self.theme).is_none() {
            let themes: Vec<_> = contest.themes.iter().map(|theme| theme.id.as_str()).collect();
            return Err(Code::ThemeUnknown.about(themes.join(", ")));
        }
        typed::optional("recommending_unit", Some(&self.recommending_unit), Limit::NAME)?;
        check_entrant(&self.entrant)?;
        self.declarations.check()?;
        Ok(self)
    }

    fn trim(&mut self) {
        let Entrant { name, organisation, contact } = &mut self.entrant;
        let optional = [organisation, &mut contact.phone, &mut contact.email, &mut self.declarations.ai_note];
        let given = optional.into_iter().flatten();
        for text in given.chain([&mut self.title, &mut self.recommending_unit, &mut self.synopsis, name]) {
            *text = text.trim().to_owned();
        }
    }
}

impl Declarations {
    fn check(&self) -> Result<(), Problem> {
        for (name, declared) in [("originality", self.originality), ("rights", self.rights)] {
            if !declared {
                return Err(Code::DeclarationMissing.about(format!("declarations.{name}")));
            }
        }
        typed::optional("declarations.ai_note", self.ai_note.as_deref(), Limit::NOTE).map(drop)
    }
}

fn check_entrant(entrant: &Entrant) -> Result<(), Problem> {
    typed::field("entrant.name", &entrant.name, Limit::NAME)?;
    typed::optional("entrant.organisation", entrant.organisation.as_deref(), Limit::NAME)?;
    let Contact { phone, email } = &entrant.contact;
    if phone.is_none() && email.is_none() {
        return Err(wrong("entrant.contact", "a phone or an email".into()));
    }
    if phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
        return Err(wrong("entrant.contact.phone", "5 to 15 digits, with +, spaces, - and ()".into()));
    }
    if email.as_deref().is_some_and(|email| !is_email(email)) {
        return Err(wrong("entrant.contact.email", "name@host".into()));
    }
    Ok(())
}

fn wrong(field: &str, allowed: String) -> Problem {
    Code::FieldWrong.about(format!("{field}: {allowed}"))
}

fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    PHONE_DIGITS.contains(&digits) && text.chars().all(|it| it.is_ascii_digit() || "+-() ".contains(it))
}

/// Enough to catch a slip; whether it is one's own only a letter can tell.
fn is_email(text: &str) -> bool {
    let plain = text.chars().count() <= EMAIL_CHARS && !text.chars().any(|it| it.is_whitespace() || it.is_control());
    plain
        && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

#[cfg(test)]
mod tests {
    use pipeline::catalogue::Catalogue;
    use serde_json::{Value, json};

    use super::*;

    fn form() -> Value {
        json!({
            "contest": "demo", "title": " 早晨 ", "theme": "digital",
            "entrant": { "name": "张三", "contact": { "phone": "+86 138-0000-0000" } },
            "declarations": { "originality": true, "rights": true, "ai_use": "none" },
        })
    }

    fn check(pointer: &str, value: Value) -> Result<Form, (&'static str, String)> {
        let mut form = form();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        form.pointer_mut(parent).unwrap()[key] = value;
        let form: Form = serde_json::from_value(form).map_err(|err| ("not a form", err.to_string()))?;
        let contest = Catalogue::builtin().contest(&"demo".into()).unwrap().clone();
        form.checked(&contest).map_err(|it| (it.code.name(), it.detail.unwrap_or_default()))
    }

    #[test]
    fn a_good_form_is_trimmed_and_taken() {
        assert_eq!(check("/synopsis", json!("x")).map_err(|it| it.1).unwrap().title, "早晨");
    }

    #[test]
    fn limits_are_in_characters() {
        assert!(check("/title", json!("长".repeat(80))).is_ok());
        assert_eq!(check("/title", json!("长".repeat(81))).err().unwrap().1, "title: 1 to 80 characters");
        assert_eq!(check("/title", json!("  ")).err().unwrap().0, "field_wrong");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let code = |pointer: &str, value: Value| check(pointer, value).err().unwrap();
        assert_eq!(code("/theme", json!("space")), ("theme_unknown", "high-end, digital, green".into()));
        assert_eq!(code("/entrant/contact", json!({})).1, "entrant.contact: a phone or an email");
        assert_eq!(code("/entrant/contact/email", json!("a@@b")).0, "field_wrong");
        assert_eq!(code("/entrant/contact/phone", json!("call me")).0, "field_wrong");
        assert_eq!(code("/declarations/rights", json!(false)), ("declaration_missing", "declarations.rights".into()));
        assert_eq!(code("/declarations/ai_use", json!("some")).0, "not a form");
        assert_eq!(code("/id_number", json!("1")).0, "not a form");
        assert_eq!(code("/entrant/id_number", json!("1")).0, "not a form");
        assert_eq!(code("/title", json!("a\u{1b}b")).0, "text_unfit");
        assert_eq!(code("/title", json!("a\nb")).0, "text_unfit");
        assert_eq!(
            code("/synopsis", json!("a\0b")),
            ("text_unfit", "synopsis: the character U+0000 is not allowed".into())
        );
        assert_eq!(code("/entrant/name", json!("a\u{202e}b")).0, "text_unfit");
    }
}
