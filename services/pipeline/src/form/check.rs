//! Checks answers against the fields of their contest. All errors are reported at once, in the order of the form.
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::{Answers, Checked, Fault, Field, Kind, Section, Wrong, YES, id};
use crate::catalogue::Contest;
use crate::lang::Lang;
use crate::text::{Limit, Lines, Text, TextError};

/// Longest address for mail (RFC 5321 §4.5.3.1.3).
const EMAIL_CHARS: usize = 254;
/// Digits of a telephone number: the shortest in use, the longest of ITU-T E.164.
const PHONE_DIGITS: RangeInclusive<usize> = 5..=15;

/// Why an answer is refused, before its field's place is added.
struct Refusal {
    fault: Fault,
    zh: String,
    en: String,
}

/// Trims and checks every answer.
///
/// # Errors
/// Every wrong answer, in the order of the contest's fields.
pub fn check(contest: &Contest, answers: &Answers) -> Result<Checked, Vec<Wrong>> {
    let texts: Answers = answers
        .iter()
        .map(|(id, text)| (id.clone(), text.trim().to_owned()))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    let mut wrong = Vec::new();
    let mut unreachable = needs_contact(&contest.fields, &texts);
    for field in &contest.fields {
        if unreachable && is_contact(field) {
            unreachable = false;
            let refusal = refused(Fault::FieldWrong, "须填写电话或邮箱", "a phone or an email");
            wrong.push(refusal.at("entrant.contact".to_owned()));
        }
        let text = texts.get(&field.id).map_or("", String::as_str);
        if let Err(refusal) = judge(field, text) {
            wrong.push(refusal.at(field.place()));
        }
    }
    for unknown in texts.keys().filter(|id| contest.field(id).is_none()) {
        let known = id::KNOWN.contains(&unknown.as_str());
        let place = if known { unknown.clone() } else { format!("answers.{unknown}") };
        wrong.push(refused(Fault::FieldWrong, "报名表中没有此项", "the form has no such field").at(place));
    }
    if wrong.is_empty() { Ok(checked(contest, called(contest, texts))) } else { Err(wrong) }
}

/// The answers with the recommending unit under its main name, whichever name was given: quotas are counted by it.
fn called(contest: &Contest, mut texts: Answers) -> Answers {
    if let Some(text) = texts.get_mut(id::UNIT)
        && let Some(unit) = contest.unit_named(text)
    {
        text.clone_from(&unit.name.zh);
    }
    texts
}

/// One contact is enough, unless the contest requires a certain one.
fn needs_contact(fields: &[Field], texts: &Answers) -> bool {
    let ways = || fields.iter().filter(|field| is_contact(field));
    !ways().any(|field| field.required) && !ways().any(|field| texts.contains_key(&field.id))
}

fn is_contact(field: &Field) -> bool {
    field.id == id::PHONE || field.id == id::EMAIL
}

fn judge(field: &Field, text: &str) -> Result<(), Refusal> {
    if text.is_empty() && !field.required {
        return Ok(());
    }
    match field.kind {
        Kind::Line => judge_text(field, text, Lines::One),
        Kind::Text => judge_text(field, text, Lines::Many),
        Kind::Choice => judge_choice(field, text),
        Kind::Phone if !is_phone(text) => Err(refused(
            Fault::FieldWrong,
            "5 至 15 位数字，可含 +、空格、- 和括号",
            "5 to 15 digits, with +, spaces, - and ()",
        )),
        Kind::Email if !is_email(text) => Err(refused(Fault::FieldWrong, "name@host", "name@host")),
        Kind::Declaration if text != YES => {
            let [zh, en] = DECLARE;
            Err(refused(Fault::DeclarationMissing, zh, en))
        }
        Kind::Phone | Kind::Email | Kind::Declaration => Ok(()),
    }
}

/// The error for a declaration that is not made.
const DECLARE: [&str; 2] = ["须勾选此项承诺", "has to be declared"];

fn judge_text(field: &Field, text: &str, lines: Lines) -> Result<(), Refusal> {
    let min_chars = field.min_chars.max(u32::from(field.required)) as usize;
    let limit = Limit { min_chars, max_chars: field.max_chars as usize, lines };
    let Err(error) = Text::new(text, limit) else { return Ok(()) };
    let fault = match error {
        TextError::Length(_) => Fault::FieldWrong,
        TextError::Control(_) | TextError::Direction(_) => Fault::TextUnfit,
    };
    Err(refused(fault, error.text(Lang::Zh), error.text(Lang::En)))
}

fn judge_choice(field: &Field, text: &str) -> Result<(), Refusal> {
    if field.choices.iter().any(|choice| choice.id == text) {
        return Ok(());
    }
    let ids = field.choices.iter().map(|choice| choice.id.as_str()).collect::<Vec<_>>().join(", ");
    let fault = if field.id == id::THEME { Fault::ThemeUnknown } else { Fault::FieldWrong };
    Err(refused(fault, ids.clone(), ids))
}

fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    PHONE_DIGITS.contains(&digits) && text.chars().all(|it| it.is_ascii_digit() || "+-() ".contains(it))
}

/// Detects typing errors. Only a mail can show whether the address is the entrant's own.
fn is_email(text: &str) -> bool {
    let plain = text.chars().count() <= EMAIL_CHARS && !text.chars().any(|it| it.is_whitespace() || it.is_control());
    plain
        && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

fn refused(fault: Fault, zh: impl Into<String>, en: impl Into<String>) -> Refusal {
    Refusal { fault, zh: zh.into(), en: en.into() }
}

impl Refusal {
    fn at(self, field: String) -> Wrong {
        Wrong { field, fault: self.fault, zh: self.zh, en: self.en }
    }
}

/// Sorts the checked answers by where they are stored.
fn checked(contest: &Contest, texts: Answers) -> Checked {
    let mut declarations = Map::new();
    let mut own = Answers::new();
    for field in &contest.fields {
        let text = texts.get(&field.id);
        if field.section == Section::Declarations {
            let name = field.declared_as().to_owned();
            if field.kind == Kind::Declaration {
                declarations.insert(name, Value::Bool(text.is_some_and(|text| text == YES)));
            } else if let Some(text) = text {
                declarations.insert(name, Value::String(text.clone()));
            }
        } else if let Some(text) = text.filter(|_| field.is_own()) {
            own.insert(field.id.clone(), text.clone());
        }
    }
    Checked { texts, own, declarations }
}
