//! `/entries/{receipt}/correct`: the form of an entry, which can be corrected until review has begun. Answers that name
//! people are sealed and not shown again: such a field, left empty, stays unchanged. Declarations that were made stay
//! made.
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use pages::Say;
use pages::serve::see;
use pipeline::catalogue::Contest;
use pipeline::form::{self, Answers, Fault, Field, Kind, Section, Wrong, id};
use pipeline::replacing::may_correct;
use runtime::doors::Pseudonym;
use runtime::problem::{Code, FieldProblem, Problem};
use runtime::serving::client::Peer;
use runtime::store::submissions::SubmissionRow;

use super::asked::{Asked, Part, parts};
use super::opened::Opened;
use super::shell::Shell;
use super::shown_with;
use super::typed::Typed;
use crate::act;
use crate::app::App;
use crate::entries::{check_rate, contest_of};

#[derive(Template)]
#[template(path = "entry_correct.html")]
struct CorrectPage {
    shell: Shell,
    opened: Opened,
    parts: Vec<Part>,
    /// Fields with errors, by their id on the page and label.
    wrong: Vec<(String, String)>,
    /// Why the form cannot be corrected.
    refused: Option<String>,
}

/// GET.
pub(crate) async fn form(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    headers: HeaderMap,
    shell: Shell,
) -> Result<Response, Problem> {
    let opened = Opened::of(&app, &headers, &number).await?;
    let contest = contest_of(&app, &opened.entry)?;
    let facts = app.store.facts(opened.entry.id).await?.ok_or(Code::SubmissionUnknown)?;
    let refusal = may_correct(&facts.circumstances(contest, shell.now)).err();
    let refused = refusal.map(|refusal| Problem::from(refusal).text(shell.say.lang));
    let answers = open_answers(contest, &opened.entry);
    let (parts, wrong) = asked(contest, &answers, &[], shell.say);
    shown_with(StatusCode::OK, &CorrectPage { shell, opened, parts, wrong, refused })
}

/// POST: corrects the form, or shows the errors.
pub(crate) async fn correct(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    peer: Option<Extension<Peer>>,
    address: Option<Extension<Pseudonym>>,
    headers: HeaderMap,
    shell: Shell,
    typed: Typed,
) -> Result<Response, Problem> {
    let opened = Opened::of(&app, &headers, &number).await?;
    let contest = contest_of(&app, &opened.entry)?;
    check_rate(&app, peer, &headers)?;
    let typed = typed.answers(contest);
    let changes = changes(contest, &typed);
    match act::correct::correct(&app, contest, &opened.entry, &changes, &opened.act(address)).await {
        Ok(_) => Ok(see(opened.path())),
        Err(problem) if problem.code == Code::FormWrong => {
            let wrong: Vec<Wrong> = problem.fields.into_iter().filter_map(wrong_of).collect();
            let (parts, wrong) = asked(contest, &typed, &wrong, shell.say);
            let page = CorrectPage { shell, opened, parts, wrong, refused: None };
            shown_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(problem) => Err(problem),
    }
}

/// Whether answers to the field are sealed.
fn is_sealed(field: &Field) -> bool {
    field.section == Section::Entrant || (field.is_own() && field.section != Section::Declarations)
}

/// The answers that are not sealed.
fn open_answers(contest: &Contest, entry: &SubmissionRow) -> Answers {
    let texts = [
        (id::TITLE, &entry.title),
        (id::THEME, &entry.theme),
        (id::SYNOPSIS, &entry.synopsis),
        (id::UNIT, &entry.recommending_unit),
    ];
    let mut answers = form::declared(contest, &entry.declarations);
    answers.extend(texts.into_iter().map(|(id, text)| (id.to_owned(), text.clone())));
    answers
}

/// The changes in the typed answers: an empty field of a sealed answer is no change.
fn changes(contest: &Contest, typed: &Answers) -> Answers {
    let counts = |(id, text): &(&String, &String)| {
        contest.field(id).is_some_and(|field| !is_sealed(field) || !text.trim().is_empty())
    };
    typed.iter().filter(counts).map(|(id, text)| (id.clone(), text.clone())).collect()
}

fn wrong_of(FieldProblem { field, code, zh, en }: FieldProblem) -> Option<Wrong> {
    let fault = Fault::ALL.into_iter().find(|fault| fault.name() == code)?;
    Some(Wrong { field, fault, zh, en })
}

/// The form without its declarations. Sealed answers may be left empty.
fn asked(contest: &Contest, answers: &Answers, wrong: &[Wrong], say: Say) -> (Vec<Part>, Vec<(String, String)>) {
    let (mut parts, named) = parts(contest, answers, wrong, say);
    for part in &mut parts {
        part.asked.retain(|one| one.kind != Kind::Declaration);
        for one in &mut part.asked {
            unseal(contest, one, say);
        }
    }
    parts.retain(|part| !part.asked.is_empty());
    (parts, named)
}

fn unseal(contest: &Contest, one: &mut Asked, say: Say) {
    if contest.field(&one.name).is_some_and(is_sealed) {
        one.required = false;
        one.hint =
            Some(say.t("已加密保存，不再显示；留空则不变。", "Kept under seal; left empty, it stays.").to_owned());
    }
}
