use proptest::prelude::*;

use super::*;
use crate::catalogue::{Catalogue, Contest};

fn contest(id: &str) -> Contest {
    Catalogue::builtin().contests[&id.into()].clone()
}

/// A valid form of the demo.
fn good() -> Answers {
    [
        (id::TITLE, " 早晨 "),
        (id::THEME, "digital"),
        (id::NAME, "张三"),
        (id::PHONE, "+86 138-0000-0000"),
        (id::ORIGINALITY, YES),
        (id::RIGHTS, YES),
        (id::AI_USE, "none"),
    ]
    .map(|(id, text)| (id.to_owned(), text.to_owned()))
    .into()
}

/// The errors if one answer is replaced: place, code and English text.
fn wrong(id: &str, answer: &str) -> Vec<String> {
    let mut answers = good();
    answers.insert(id.to_owned(), answer.to_owned());
    named(&answers)
}

fn named(answers: &Answers) -> Vec<String> {
    let wrong = check(&contest("demo"), answers).err().unwrap_or_default();
    wrong.into_iter().map(|it| format!("{} {} {}", it.field, it.fault.name(), it.en)).collect()
}

#[test]
fn a_good_form_is_trimmed_and_taken() {
    let checked = check(&contest("demo"), &good()).unwrap();
    assert_eq!((checked.text(id::TITLE), checked.given(id::EMAIL)), ("早晨", None));
    let declared = serde_json::json!({ "originality": true, "rights": true, "ai_use": "none" });
    assert_eq!(Value::Object(checked.declarations().clone()), declared);
}

#[test]
fn limits_are_in_characters() {
    assert_eq!(wrong(id::TITLE, &"长".repeat(80)), [""; 0]);
    assert_eq!(wrong(id::TITLE, &"长".repeat(81)), ["title field_wrong 1 to 80 characters"]);
    assert_eq!(wrong(id::TITLE, "  "), ["title field_wrong 1 to 80 characters"]);
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(wrong(id::THEME, "space"), ["theme theme_unknown high-end, digital, green"]);
    assert_eq!(wrong(id::PHONE, " "), ["entrant.contact field_wrong a phone or an email"]);
    assert_eq!(wrong(id::EMAIL, "a@@b"), ["entrant.contact.email field_wrong name@host"]);
    assert_eq!(
        wrong(id::PHONE, "call me"),
        ["entrant.contact.phone field_wrong 5 to 15 digits, with +, spaces, - and ()"]
    );
    assert_eq!(wrong(id::RIGHTS, ""), ["declarations.rights declaration_missing has to be declared"]);
    assert_eq!(wrong(id::RIGHTS, "yes"), ["declarations.rights declaration_missing has to be declared"]);
    assert_eq!(wrong(id::AI_USE, "some"), ["declarations.ai_use field_wrong none, assisted, generated"]);
    assert_eq!(wrong(id::TITLE, "a\nb"), ["title text_unfit the character U+000A is not allowed"]);
    assert_eq!(wrong(id::SYNOPSIS, "a\0b"), ["synopsis text_unfit the character U+0000 is not allowed"]);
    assert!(wrong(id::NAME, "a\u{202e}b")[0].starts_with("entrant.name text_unfit"));
    assert_eq!(wrong("id_number", "1"), ["answers.id_number field_wrong the form has no such field"]);
}

#[test]
fn everything_that_is_missing_is_named_at_once_in_the_order_of_the_form() {
    let wrong = check(&contest("demo"), &Answers::new()).unwrap_err();
    let fields: Vec<&str> = wrong.iter().map(|it| it.field.as_str()).collect();
    let declared = ["declarations.originality", "declarations.rights", "declarations.ai_use"];
    assert_eq!(fields, [&["title", "theme", "entrant.name", "entrant.contact"], &declared[..]].concat());
}

#[test]
fn a_contest_may_ask_more_than_others() {
    let call = contest("industry-power-2024");
    let wrong = check(&call, &good()).unwrap_err();
    let fields: Vec<&str> = wrong.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["answers.subject", "answers.region", "answers.crew", "answers.confidentiality"]);
    let more = [("subject", "person"), ("region", "湖南省"), ("crew", "导演：李四"), ("confidentiality", YES)];
    let mut answers = good();
    answers.extend(more.map(|(id, text)| (id.to_owned(), text.to_owned())));
    let checked = check(&call, &answers).unwrap();
    assert_eq!(checked.own().keys().collect::<Vec<_>>(), ["crew", "region", "subject"]);
    assert_eq!(checked.declarations()["confidentiality"], true);
}

#[test]
fn every_question_is_asked_in_both_languages() {
    let han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    for contest in Catalogue::builtin().contests.values() {
        for field in &contest.fields {
            assert!(han(&field.label.zh) && !han(&field.label.en), "{}", field.id);
            assert!(field.choices.iter().all(|it| han(&it.zh) && !han(&it.en)), "{}", field.id);
        }
    }
}

proptest! {
    /// Every accepted answer can be stored, shown and counted: it is trimmed, of its field's kind, and within its
    /// length.
    #[test]
    fn whatever_is_taken_keeps_its_limits(id in proptest::sample::select(id::KNOWN.to_vec()), text in any::<String>()) {
        let mut answers = good();
        answers.insert(id.to_owned(), text);
        let contest = contest("demo");
        if let Ok(checked) = check(&contest, &answers) {
            let taken = checked.text(id);
            prop_assert_eq!(taken, taken.trim());
            prop_assert!(!taken.contains('\0'));
            let field = contest.field(id).unwrap();
            let bounded = matches!(field.kind, Kind::Line | Kind::Text);
            prop_assert!(!bounded || taken.chars().count() <= field.max_chars as usize);
        }
    }
}
