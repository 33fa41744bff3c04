//! The questions of a form as its page shows them: each with its answer and its error.
use pages::Say;
use pipeline::catalogue::Contest;
use pipeline::form::{Answers, Field, Filled, Kind, Section, Wrong, YES, id};

/// One part of the form.
pub(super) struct Part {
    pub(super) title: &'static str,
    pub(super) asked: Vec<Asked>,
}

/// One question.
pub(super) struct Asked {
    /// Its name in the form.
    pub(super) name: String,
    /// Its id on the page; names contain dots, which selectors do not allow.
    pub(super) at: String,
    pub(super) label: String,
    pub(super) hint: Option<String>,
    pub(super) kind: Kind,
    pub(super) required: bool,
    /// The remark beside the label of an optional question.
    pub(super) optional: &'static str,
    pub(super) max_chars: u32,
    pub(super) answer: String,
    /// Answers to choose from: id, text, whether it was chosen.
    pub(super) choices: Vec<(String, String, bool)>,
    /// Its error, in words.
    pub(super) wrong: Option<String>,
    /// How a browser may fill it in.
    pub(super) autocomplete: &'static str,
}

/// The form in parts, and every question with an error: its id on the page and its label.
pub(super) fn parts(
    contest: &Contest,
    answers: &Answers,
    wrong: &[Wrong],
    say: Say,
) -> (Vec<Part>, Vec<(String, String)>) {
    let titles = [
        (Section::Work, say.t("作品", "The work")),
        (Section::Entrant, say.t("参选者", "Who enters it")),
        (Section::Declarations, say.t("承诺与声明", "Declarations")),
    ];
    let asked = |section| {
        let fields = contest.fields.iter().filter(move |field| field.section == section);
        fields.map(|field| Asked::of(field, answers, wrong, say)).collect::<Vec<_>>()
    };
    let parts: Vec<Part> = titles.map(|(section, title)| Part { title, asked: asked(section) }).into();
    let asked = parts.iter().flat_map(|part| &part.asked);
    let named = asked.filter(|it| it.wrong.is_some()).map(|it| (it.at.clone(), it.label.clone())).collect();
    (parts, named)
}

impl Asked {
    fn of(field: &Field, answers: &Answers, wrong: &[Wrong], say: Say) -> Self {
        let answer = answers.get(&field.id).cloned().unwrap_or_default();
        // If both contacts are missing, the error is shown at the first.
        let at_contact = |it: &Wrong| it.field == "entrant.contact" && field.id == id::PHONE;
        let broken = wrong.iter().find(|it| it.field == field.place() || at_contact(it));
        let choice = |it: &pipeline::form::Choice| (it.id.clone(), it.text(say.lang).to_owned(), it.id == answer);
        Self {
            name: field.id.clone(),
            at: format!("f-{}", field.id.replace('.', "-")),
            label: field.label.text(say.lang).to_owned(),
            hint: field.hint.as_ref().map(|hint| hint.text(say.lang).to_owned()),
            kind: field.kind,
            required: field.required,
            optional: match field.id.as_str() {
                _ if field.required => "",
                id::PHONE | id::EMAIL => say.t("（电话、邮箱至少填一项）", "(telephone or mail: at least one)"),
                _ => say.t("（选填）", "(optional)"),
            },
            max_chars: field.max_chars,
            choices: field.choices.iter().map(choice).collect(),
            wrong: broken.map(|it| it.advice(field, &answer, Filled::OnPage, say.lang)),
            autocomplete: match field.id.as_str() {
                id::NAME => "name",
                id::ORGANISATION => "organization",
                id::PHONE => "tel",
                id::EMAIL => "email",
                _ => "off",
            },
            answer,
        }
    }

    pub(super) fn is(&self, kind: &str) -> bool {
        kind == match self.kind {
            Kind::Line => "line",
            Kind::Text => "text",
            Kind::Choice => "choice",
            Kind::Phone => "tel",
            Kind::Email => "email",
            Kind::Declaration => "declaration",
        }
    }

    pub(super) fn is_declared(&self) -> bool {
        self.answer == YES
    }

    /// The ids that describe the field to screen readers: its help and its error.
    pub(super) fn described(&self) -> String {
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.at));
        let wrong = self.wrong.as_ref().map(|_| format!("{}-wrong", self.at));
        [hint, wrong].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use pipeline::catalogue::Catalogue;
    use pipeline::form::check;
    use pipeline::lang::Lang;

    use super::*;

    fn wrong_of(answers: &Answers, lang: Lang) -> Vec<(String, String)> {
        let contest = Catalogue::builtin().contests[&"demo".into()].clone();
        let wrong = check(&contest, answers).unwrap_err();
        let (parts, named) = parts(&contest, answers, &wrong, Say::new(lang));
        let asked: Vec<Asked> = parts.into_iter().flat_map(|part| part.asked).collect();
        let said: Vec<_> = asked.into_iter().filter_map(|it| Some((it.name.clone(), it.wrong?))).collect();
        assert_eq!(said.len(), named.len());
        assert_eq!(said.len(), wrong.len(), "each error has its place on the page");
        said
    }

    #[test]
    fn every_error_stands_at_a_field_in_words_of_people() {
        let said = wrong_of(&Answers::new(), Lang::Zh);
        let at = |name: &str| said.iter().find(|(field, _)| field == name).map(|(_, words)| words.as_str());
        assert_eq!(at("title"), Some("请填写此项。"));
        assert_eq!(at("theme"), Some("请选择一项。"));
        assert_eq!(at("entrant.contact.phone"), Some("须填写电话或邮箱。"));
        assert_eq!(at("declarations.rights"), Some("须勾选此项承诺。"));
        let long = wrong_of(&[("title".to_owned(), "长".repeat(81))].into(), Lang::En);
        assert_eq!(long[0], ("title".into(), "1 to 80 characters; it has 81.".into()));
    }
}
