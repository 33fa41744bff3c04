//! The entry form of the API. Its rules are in `pipeline::form`.
use std::collections::BTreeMap;

use pipeline::catalogue::Contest;
use pipeline::form::{self, Answers, Checked, YES, id};
use runtime::problem::Problem;
use runtime::store::entry::entrants::Contact;
use serde::Deserialize;
use utoipa::ToSchema;

/// An entry without the film. Missing fields are empty, so that the rules report them together with all other errors.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    /// Contest id.
    #[schema(example = "demo")]
    pub(crate) contest: String,
    /// Title of the work.
    #[serde(default)]
    #[schema(example = "一座工厂的早晨", required = true)]
    title: String,
    /// Theme id of the contest.
    #[serde(default)]
    #[schema(example = "digital", required = true)]
    theme: String,
    /// The entrant.
    #[serde(default)]
    #[schema(required = true)]
    entrant: Entrant,
    /// Organisation that recommends the work; may be empty.
    #[serde(default)]
    recommending_unit: String,
    /// What the work is about.
    #[serde(default)]
    synopsis: String,
    /// What the entrant declares.
    #[serde(default)]
    #[schema(required = true)]
    declarations: Declarations,
    /// Answers to the contest's own questions, by their ids: a text, or `true` for a declaration.
    #[serde(default)]
    answers: BTreeMap<String, Answer>,
}

/// The entrant, as in the form; the stored data also contains the answers to the contest's own questions.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = EntrantOfForm)]
#[serde(deny_unknown_fields)]
struct Entrant {
    /// Name of the person or organisation.
    #[serde(default)]
    #[schema(required = true)]
    name: String,
    /// Organisation that the person belongs to.
    organisation: Option<String>,
    /// How to reach them; at least one of the two.
    #[serde(default)]
    #[schema(required = true)]
    contact: Contact,
}

/// What the call asks an entrant to promise (section 7.1), and the declaration of AI use that GB 45438-2025 requires.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Declarations {
    /// The work is the entrant's own. Must be true.
    #[serde(default)]
    #[schema(required = true)]
    originality: bool,
    /// The entrant has all rights to what is in it. Must be true.
    #[serde(default)]
    #[schema(required = true)]
    rights: bool,
    /// How AI was used.
    #[schema(value_type = AiUse, required = true)]
    ai_use: Option<AiUse>,
    /// What AI was used for.
    ai_note: Option<String>,
}

/// How AI was used for the work.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AiUse {
    /// Not at all.
    None,
    /// It helped.
    Assisted,
    /// It made pictures or sound that are in the work.
    Generated,
}

/// An answer to one of the contest's own questions.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
enum Answer {
    /// To a question.
    Text(String),
    /// To a declaration.
    Declared(bool),
}

impl Form {
    /// The answers if they keep the contest's rules. All errors are in the one problem `form_wrong`.
    pub(crate) fn checked(self, contest: &Contest) -> Result<Checked, Problem> {
        form::check(contest, &self.answers()).map_err(Problem::of_form)
    }

    fn answers(self) -> Answers {
        let Self { title, theme, entrant, recommending_unit, synopsis, declarations, answers, contest: _ } = self;
        let Entrant { name, organisation, contact: Contact { phone, email } } = entrant;
        let yes = |declared: bool| declared.then(|| YES.to_owned());
        let ai_use = declarations.ai_use.map(|ai_use| ai_use.id().to_owned());
        let known = [
            (id::TITLE, Some(title)),
            (id::THEME, Some(theme)),
            (id::SYNOPSIS, Some(synopsis)),
            (id::UNIT, Some(recommending_unit)),
            (id::NAME, Some(name)),
            (id::ORGANISATION, organisation),
            (id::PHONE, phone),
            (id::EMAIL, email),
            (id::ORIGINALITY, yes(declarations.originality)),
            (id::RIGHTS, yes(declarations.rights)),
            (id::AI_USE, ai_use),
            (id::AI_NOTE, declarations.ai_note),
        ];
        let own = answers.into_iter().filter_map(|(id, answer)| Some((id, answer.text()?)));
        // A known field has its own place, which an answer with the same name does not replace.
        let known = known.into_iter().filter_map(|(id, text)| Some((id.to_owned(), text?)));
        own.chain(known).collect()
    }
}

impl AiUse {
    fn id(self) -> &'static str {
        match self {
            AiUse::None => "none",
            AiUse::Assisted => "assisted",
            AiUse::Generated => "generated",
        }
    }
}

impl Answer {
    fn text(self) -> Option<String> {
        match self {
            Answer::Text(text) => Some(text),
            Answer::Declared(declared) => declared.then(|| YES.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use pipeline::catalogue::Catalogue;
    use serde_json::{Value, json};

    use super::*;

    fn read(change: impl Fn(&mut Value)) -> Result<Form, String> {
        let mut form = json!({
            "contest": "industry-power-2024", "title": " 早晨 ", "theme": "digital",
            "entrant": { "name": "张三", "contact": { "phone": "+86 138-0000-0000" } },
            "declarations": { "originality": true, "rights": true, "ai_use": "none" },
            "answers": { "subject": "person", "region": "湖南省", "crew": "导演：李四", "confidentiality": true },
        });
        change(&mut form);
        serde_json::from_value(form).map_err(|err| err.to_string())
    }

    #[test]
    fn each_part_of_the_form_answers_its_field() {
        let catalogue = Catalogue::builtin();
        let contest = catalogue.contest(&"industry-power-2024".into()).unwrap();
        let checked = read(|_| {}).unwrap().checked(contest).unwrap();
        assert_eq!((checked.text(id::TITLE), checked.text("crew")), ("早晨", "导演：李四"));
        assert_eq!(checked.declarations()["confidentiality"], true);
        let problem = read(|form| form["answers"]["confidentiality"] = json!(false)).unwrap().checked(contest);
        assert_eq!(problem.unwrap_err().fields[0].field, "answers.confidentiality");
    }

    #[test]
    fn what_the_api_does_not_know_is_no_form() {
        assert!(read(|form| form["id_number"] = json!("1")).is_err());
        assert!(read(|form| form["entrant"]["id_number"] = json!("1")).is_err());
        assert!(read(|form| form["entrant"]["answers"] = json!({})).is_err());
        assert!(read(|form| form["declarations"]["ai_use"] = json!("some")).is_err());
    }

    /// An answer under the name of a known field is overridden by that field.
    #[test]
    fn a_known_field_has_one_place() {
        let answers = read(|form| form["answers"] = json!({ "title": "晚上" })).unwrap().answers();
        assert_eq!(answers["title"], " 早晨 ");
    }
}
