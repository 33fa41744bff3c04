use pipeline::form::Fault;
use pipeline::person;

use super::*;

/// The codes that a form gives to fields are codes of the API too.
#[test]
fn a_fault_of_a_form_has_the_name_of_its_code() {
    let codes = [Code::FieldWrong, Code::TextUnfit, Code::ThemeUnknown, Code::DeclarationMissing];
    assert_eq!(Fault::ALL.map(Fault::name), codes.map(Code::name));
}

#[test]
fn tus_has_its_own_status_for_a_wrong_checksum() {
    assert_eq!(Code::ChecksumMismatch.status(), 460);
}

#[test]
fn a_refusal_about_a_person_keeps_its_code() {
    let id = pipeline::id::PersonId(uuid::Uuid::nil());
    let held: person::Held = "screener@demo".parse().unwrap();
    let refusals = [
        person::Refused::Unknown(id),
        person::Refused::Ended(id),
        person::Refused::Outranks(held.clone()),
        person::Refused::NotHeld(held),
        person::Refused::ContestMissing(person::Role::Auditor),
        person::Refused::LastAdmin,
        person::Refused::LoginTaken("anna".parse().unwrap()),
    ];
    for refused in refusals {
        let code = refused.code();
        assert_eq!(Problem::from(anyhow::Error::from(refused).context("change a person")).code.name(), code);
    }
}

#[test]
fn a_detail_is_said_in_the_language_of_the_answer() {
    let problem = Code::StateWrong.about(Detail::new("没有选中作品", "no work is selected"));
    assert_eq!(problem.text(Lang::Zh), "当前状态下不能进行此操作。（没有选中作品）");
    assert_eq!(problem.text(Lang::En), "This is not possible in the present state. (no work is selected)");
    assert_eq!(Code::StateWrong.about("published").text(Lang::Zh), "当前状态下不能进行此操作。（published）");
    assert_eq!(Code::Changed.about("x").to_string(), "changed: x");
}

#[test]
fn complaints_of_parsers_are_translated() {
    let zh = |said: &str| Detail::of_parser(said).text(Lang::Zh).to_owned();
    assert_eq!(zh("missing field `title` at line 1 column 2"), "缺少 title");
    assert_eq!(zh("unknown field `stat`, expected `state` or `theme`"), "不认识 stat，可用：state、theme");
    assert_eq!(zh("unknown variant `some`, expected one of `none`, `assisted`"), "some 无效，可用：none、assisted");
    assert_eq!(zh("EOF while parsing"), "无法解析：EOF while parsing");
}

#[test]
fn all_fields_of_a_form_are_in_one_problem() {
    let wrong =
        |field: &str, fault, zh: &str, en: &str| Wrong { field: field.into(), fault, zh: zh.into(), en: en.into() };
    let short = wrong("title", Fault::FieldWrong, "须为 1 至 80 个字符", "1 to 80 characters");
    let theme = wrong("theme", Fault::ThemeUnknown, "digital, green", "digital, green");
    let problem = Problem::of_form(vec![short, theme]);
    assert_eq!(problem.code.name(), "form_wrong");
    let detail = problem.detail.clone().expect("a detail");
    assert_eq!(detail.text(Lang::En), "title: 1 to 80 characters; theme: digital, green");
    assert_eq!(detail.text(Lang::Zh), "title：须为 1 至 80 个字符；theme：digital, green");
    assert_eq!(problem.fields[1].code, "theme_unknown");
}

#[test]
fn who_finds_no_turn_for_a_hash_is_told_to_come_again() {
    let problem = Problem::from(anyhow::Error::from(crate::bearer::Busy).context("make a token"));
    assert_eq!((problem.code.name(), problem.code.status()), ("overloaded", 503));
}
