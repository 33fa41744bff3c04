//! The form as an entrant fills it in, and what of it is wrong.
use pipeline::catalogue::{Contest, LengthLimit};
use pipeline::lang::Lang;
use pipeline::text::{Limit, Lines, Text, TextError};
use runtime::store::entrants::{Contact, Entrant};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use runtime::problem::{Code, Detail, FieldProblem, Problem};

/// An entry, but for the film. What is missing is empty, so that the rules name it with everything else that is wrong.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    /// Contest id.
    #[schema(example = "demo")]
    pub(crate) contest: String,
    /// Title of the work.
    #[serde(default)]
    #[schema(example = "一座工厂的早晨", required = true)]
    pub(crate) title: String,
    /// Theme id of the contest.
    #[serde(default)]
    #[schema(example = "digital", required = true)]
    pub(crate) theme: String,
    /// Who enters.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) entrant: Entrant,
    /// Organisation that recommends the work; may be empty.
    #[serde(default)]
    pub(crate) recommending_unit: String,
    /// What the work is about.
    #[serde(default)]
    pub(crate) synopsis: String,
    /// What the entrant declares.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) declarations: Declarations,
}

/// What the call asks an entrant to promise (section 7.1), and what GB 45438-2025 asks to be told.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Declarations {
    /// The work is the entrant's own. Must be true.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) originality: bool,
    /// The entrant has all rights to what is in it. Must be true.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) rights: bool,
    /// Whether AI made it.
    #[serde(default)]
    #[schema(value_type = AiUse, required = true)]
    pub(crate) ai_use: Option<AiUse>,
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
    /// Trims every text and judges it by the contest's limits. Everything that is wrong is in the one problem, `form_wrong`.
    pub(crate) fn checked(mut self, contest: &Contest) -> Result<Self, Problem> {
        self.trim();
        let bounded = |limit: LengthLimit, lines| Limit {
            min_chars: limit.min_chars as usize,
            max_chars: limit.max_chars as usize,
            lines,
        };
        let mut wrong = Wrong::default();
        wrong.text("title", &self.title, bounded(contest.title, Lines::One));
        wrong.text("synopsis", &self.synopsis, bounded(contest.synopsis, Lines::Many));
        if contest.theme(&self.theme).is_none() {
            let themes: Vec<_> = contest.themes.iter().map(|theme| theme.id.as_str()).collect();
            wrong.add(Code::ThemeUnknown, "theme", themes.join(", "));
        }
        wrong.optional("recommending_unit", Some(&self.recommending_unit), Limit::NAME);
        wrong.entrant(&self.entrant);
        wrong.declarations(&self.declarations);
        wrong.end().map(|()| self)
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

/// What is wrong so far, field by field.
#[derive(Default)]
struct Wrong(Vec<FieldProblem>);

impl Wrong {
    fn add(&mut self, code: Code, field: &str, allowed: impl Into<Detail>) {
        self.0.push(FieldProblem::new(code, field, allowed));
    }

    fn text(&mut self, field: &str, text: &str, limit: Limit) {
        let Err(error) = Text::new(text, limit) else { return };
        let code = match error {
            TextError::Length(_) => Code::FieldWrong,
            TextError::Control(_) | TextError::Direction(_) => Code::TextUnfit,
        };
        self.add(code, field, Detail::new(error.text(Lang::Zh), error.text(Lang::En)));
    }

    /// A field that may be missing; an empty one is.
    fn optional(&mut self, field: &str, text: Option<&str>, limit: Limit) {
        if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
            self.text(field, text, limit);
        }
    }

    fn entrant(&mut self, entrant: &Entrant) {
        self.text("entrant.name", &entrant.name, Limit::NAME);
        self.optional("entrant.organisation", entrant.organisation.as_deref(), Limit::NAME);
        let Contact { phone, email } = &entrant.contact;
        if phone.is_none() && email.is_none() {
            self.add(Code::FieldWrong, "entrant.contact", Detail::new("须填写电话或邮箱", "a phone or an email"));
        }
        if phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
            let allowed =
                Detail::new("5 至 15 位数字，可含 +、空格、- 和括号", "5 to 15 digits, with +, spaces, - and ()");
            self.add(Code::FieldWrong, "entrant.contact.phone", allowed);
        }
        if email.as_deref().is_some_and(|email| !is_email(email)) {
            self.add(Code::FieldWrong, "entrant.contact.email", "name@host");
        }
    }

    fn declarations(&mut self, declared: &Declarations) {
        for (name, declared) in [("originality", declared.originality), ("rights", declared.rights)] {
            if !declared {
                let row = Code::DeclarationMissing.row();
                let field = format!("declarations.{name}");
                self.add(Code::DeclarationMissing, &field, Detail::new(row.zh, row.en));
            }
        }
        if declared.ai_use.is_none() {
            self.add(Code::FieldWrong, "declarations.ai_use", "none, assisted, generated");
        }
        self.optional("declarations.ai_note", declared.ai_note.as_deref(), Limit::NOTE);
    }

    fn end(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::of_form(self.0)) }
    }
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

    /// The form's problem where one field is changed: field, code and the English text of each wrong one.
    fn check(pointer: &str, value: Value) -> Result<Form, Vec<(String, String, String)>> {
        let mut form = form();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        form.pointer_mut(parent).unwrap()[key] = value;
        let form: Form = serde_json::from_value(form).map_err(|_| Vec::new())?;
        let contest = Catalogue::builtin().contest(&"demo".into()).unwrap().clone();
        form.checked(&contest).map_err(|problem| {
            assert_eq!(problem.code, Code::FormWrong);
            problem.fields.into_iter().map(|it| (it.field, it.code, it.en)).collect()
        })
    }

    #[test]
    fn a_good_form_is_trimmed_and_taken() {
        assert_eq!(check("/synopsis", json!("x")).unwrap().title, "早晨");
    }

    #[test]
    fn limits_are_in_characters() {
        assert!(check("/title", json!("长".repeat(80))).is_ok());
        let long = check("/title", json!("长".repeat(81))).err().unwrap();
        assert_eq!(long, [("title".into(), "field_wrong".into(), "1 to 80 characters".into())]);
        assert_eq!(check("/title", json!("  ")).err().unwrap()[0].1, "field_wrong");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let named = |pointer: &str, value: Value| {
            let wrong = check(pointer, value).err().unwrap();
            wrong.into_iter().map(|(field, code, en)| format!("{field} {code} {en}")).collect::<Vec<_>>().join("; ")
        };
        let not_a_form = "";
        assert_eq!(named("/theme", json!("space")), "theme theme_unknown high-end, digital, green");
        assert_eq!(named("/entrant/contact", json!({})), "entrant.contact field_wrong a phone or an email");
        assert!(named("/entrant/contact/email", json!("a@@b")).starts_with("entrant.contact.email field_wrong"));
        assert!(named("/entrant/contact/phone", json!("call me")).starts_with("entrant.contact.phone field_wrong"));
        assert!(named("/declarations/rights", json!(false)).starts_with("declarations.rights declaration_missing"));
        assert_eq!(named("/declarations/ai_use", json!("some")), not_a_form);
        assert_eq!(named("/id_number", json!("1")), not_a_form);
        assert_eq!(named("/entrant/id_number", json!("1")), not_a_form);
        assert!(named("/title", json!("a\u{1b}b")).starts_with("title text_unfit"));
        assert!(named("/title", json!("a\nb")).starts_with("title text_unfit"));
        assert_eq!(named("/synopsis", json!("a\0b")), "synopsis text_unfit the character U+0000 is not allowed");
        assert!(named("/entrant/name", json!("a\u{202e}b")).starts_with("entrant.name text_unfit"));
    }

    #[test]
    fn what_is_missing_is_named_at_once_too() {
        let form: Form = serde_json::from_value(json!({ "contest": "demo" })).unwrap();
        let problem = form.checked(Catalogue::builtin().contest(&"demo".into()).unwrap()).err().unwrap();
        let fields: Vec<_> = problem.fields.iter().map(|it| it.field.as_str()).collect();
        let declared = ["declarations.originality", "declarations.rights", "declarations.ai_use"];
        assert_eq!(fields, [&["title", "theme", "entrant.name", "entrant.contact"], &declared[..]].concat());
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let mut form = form();
        form["title"] = json!("");
        form["theme"] = json!("space");
        form["entrant"] = json!({ "name": "", "contact": { "email": "a@@b", "phone": "call me" } });
        form["declarations"] = json!({ "originality": false, "rights": false, "ai_use": "none" });
        let form: Form = serde_json::from_value(form).unwrap();
        let problem = form.checked(Catalogue::builtin().contest(&"demo".into()).unwrap()).err().unwrap();
        let fields: Vec<_> = problem.fields.iter().map(|it| it.field.as_str()).collect();
        let contact = ["entrant.contact.phone", "entrant.contact.email"];
        let declared = ["declarations.originality", "declarations.rights"];
        assert_eq!(fields, [&["title", "theme", "entrant.name"], &contact[..], &declared[..]].concat());
    }
}
