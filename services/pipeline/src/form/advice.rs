//! An error of a form in words for the person who fills it in, on a page or in a sheet.
use super::{Fault, Field, Kind, Wrong};
use crate::lang::Lang;

/// Where a form is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// On a page, where choices are listed and declarations have boxes.
    OnPage,
    /// In a row of a sheet, where everything is text.
    InSheet,
}

impl Wrong {
    /// What to do about an answer: an empty field is to be filled in, choices are named, since ids say nothing to people.
    pub fn advice(&self, field: &Field, answer: &str, filled: Filled, lang: Lang) -> String {
        let t = |zh: &'static str, en: &'static str| if lang == Lang::Zh { zh } else { en };
        let stated = || format!("{}{}", self.text(lang), t("。", "."));
        let is_empty = answer.trim().is_empty();
        match (field.kind, filled) {
            (Kind::Choice, Filled::OnPage) => t("请选择一项。", "Please choose one.").to_owned(),
            (Kind::Choice, Filled::InSheet) => {
                let names: Vec<&str> = field.choices.iter().map(|choice| choice.text(lang)).collect();
                format!(
                    "{}{}{}",
                    t("请填写其中一项：", "Please give one of: "),
                    names.join(t("、", ", ")),
                    t("。", ".")
                )
            }
            (Kind::Email, _) => t(
                "请填写完整的邮箱地址，例如 name@example.cn。",
                "Please give a whole address, such as name@example.cn.",
            )
            .to_owned(),
            (Kind::Declaration, Filled::OnPage) => stated(),
            (Kind::Declaration, Filled::InSheet) => {
                t("作出此项承诺的，请填“是”。", "Please write yes to declare it.").to_owned()
            }
            (Kind::Line | Kind::Text, _) if is_empty => t("请填写此项。", "Please fill this in.").to_owned(),
            (Kind::Line | Kind::Text, _) if self.fault == Fault::FieldWrong => {
                let n = answer.trim().chars().count().to_string();
                format!("{}{}", self.text(lang), t("，现为 {n} 个。", "; it has {n}.").replace("{n}", &n))
            }
            (Kind::Line | Kind::Text | Kind::Phone, _) => stated(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::catalogue::Catalogue;
    use crate::form::{check, id};

    #[test]
    fn a_sheet_says_what_to_write_and_a_page_what_to_choose() {
        let contest = Catalogue::builtin().contests[&"demo".into()].clone();
        let wrong = check(&contest, &BTreeMap::new()).unwrap_err();
        let of = |asked: &str, filled: Filled| {
            let field = contest.field(asked).unwrap();
            let wrong = wrong.iter().find(|it| it.field == field.place()).unwrap();
            wrong.advice(field, "", filled, Lang::Zh)
        };
        assert_eq!(of("title", Filled::InSheet), "请填写此项。");
        assert_eq!(of("theme", Filled::OnPage), "请选择一项。");
        assert!(of("theme", Filled::InSheet).starts_with("请填写其中一项："));
        assert_eq!(of(id::ORIGINALITY, Filled::InSheet), "作出此项承诺的，请填“是”。");
        assert_ne!(of(id::ORIGINALITY, Filled::OnPage), of(id::ORIGINALITY, Filled::InSheet));
    }
}
