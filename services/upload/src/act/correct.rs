//! Correct: other answers to some fields of the form, until review has begun. The form as a whole is checked by the
//! rules for entering.
use axum::http::StatusCode;
use pipeline::catalogue::Contest;
use pipeline::form::{self, Answers, Checked, id};
use pipeline::replacing::may_correct;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::act::Act;
use runtime::store::entry::entrants::{self, Entrant, Stored, Texts};
use runtime::store::people::idempotency::Answer;
use runtime::store::submissions::{SubmissionRow, former};
use runtime::warning::Warning;
use serde::Serialize;
use tracing::info;
use utoipa::ToSchema;

use super::enter::{sealed, texts_of, warnings};
use super::quota::{NamedBy, check_quota};
use crate::app::App;

/// The result of a correction.
#[derive(Serialize, ToSchema)]
pub(crate) struct Corrected {
    /// Ids of the fields whose answers changed.
    changed: Vec<String>,
    /// What partners do not accept in the present texts. The correction is stored all the same.
    warnings: Vec<Warning>,
}

/// Replaces the answers to these fields; the others stay. An empty answer removes one. Unchanged answers change
/// nothing.
///
/// # Errors
/// `form_wrong` with all errors of the form as a whole; `review_began`, `submission_closed`, or after the deadline and
/// any cure `deadline_passed`.
pub(crate) async fn correct(
    app: &App,
    contest: &Contest,
    entry: &SubmissionRow,
    answers: &Answers,
    act: &Act,
) -> Result<Answer, Problem> {
    let by = &act.by(None)?;
    let (submission, now) = (entry.id, app.clock.now());
    let corrected = app.store.transaction("correct", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let facts = former::locked_facts(tx, submission).await?;
            may_correct(&facts.circumstances(contest, now)).map_err(Problem::from)?;
            let stored = entrants::stored(tx, submission).await?;
            let before = answers_of(app, contest, entry, &stored)?;
            let mut after = before.clone();
            after.extend(answers.iter().map(|(id, text)| (id.clone(), text.clone())));
            let form = form::check(contest, &after).map_err(Problem::of_form)?;
            let changed = changed(&before, &form, contest);
            // Another unit recommends it now, and its quota applies.
            if changed.iter().any(|field| field == id::UNIT) {
                if NamedBy::of(tx, submission).await? == NamedBy::Unit {
                    return Err(Code::FieldWrong.about(stays()).into());
                }
                check_quota(tx, contest, &form, NamedBy::Entrant, now).await?;
            }
            if !changed.is_empty() {
                let (texts, fields) = (texts_of(&form), changed.iter().map(String::as_str).collect::<Vec<_>>());
                let entrant = sealed(app, submission, &form)?;
                entrants::correct(tx, submission, (&stored.texts, &texts), &entrant, &fields, by).await?;
            }
            let warnings = warnings(app, contest, &form);
            act.end(tx, StatusCode::OK, &Corrected { changed, warnings }).await
        })
    });
    let answer = corrected.await?;
    if !answer.again {
        info!(submission.id = %submission, "the form of submission {submission} was corrected");
    }
    Ok(answer)
}

/// The unit's list has the work.
fn stays() -> Detail {
    let (zh, en) =
        ("该作品由推荐单位报送，推荐单位不可更改。", "A recommending unit entered the work; its unit stays.");
    Detail::new(zh, en).of(id::UNIT)
}

/// The given answers, restored from the stored data.
fn answers_of(app: &App, contest: &Contest, entry: &SubmissionRow, stored: &Stored) -> Result<Answers, Problem> {
    let Texts { title, theme, synopsis, recommending_unit, declarations } = &stored.texts;
    let entrant = stored.entrant.as_ref().ok_or(Code::ContactForgotten)?;
    let entrant = app.keys.open(entry.id, entrant).map_err(anyhow::Error::from)?;
    let entrant: Entrant = serde_json::from_slice(&entrant).map_err(anyhow::Error::from)?;
    let mut answers = form::declared(contest, declarations);
    let own = entrant.answers.into_iter();
    let texts = [(id::TITLE, title), (id::THEME, theme), (id::SYNOPSIS, synopsis), (id::UNIT, recommending_unit)];
    let person = [
        (id::NAME, Some(entrant.name)),
        (id::ORGANISATION, entrant.organisation),
        (id::PHONE, entrant.contact.phone),
        (id::EMAIL, entrant.contact.email),
    ];
    answers.extend(texts.into_iter().map(|(id, text)| (id.to_owned(), text.clone())));
    answers.extend(person.into_iter().filter_map(|(id, text)| Some((id.to_owned(), text?))));
    answers.extend(own);
    answers.retain(|_, text| !text.is_empty());
    Ok(answers)
}

/// Ids of the fields whose answers differ, in the order of the form.
fn changed(before: &Answers, after: &Checked, contest: &Contest) -> Vec<String> {
    let differs = |id: &&String| before.get(*id).map(String::as_str) != after.given(id);
    contest.fields.iter().map(|field| &field.id).filter(differs).cloned().collect()
}
