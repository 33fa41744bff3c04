//! Enter: a checked form becomes a submission that waits for its film.
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use pipeline::catalogue::Contest;
use pipeline::form::{Checked, id};
use pipeline::id::SubmissionId;
use pipeline::replacing::Cure;
use pipeline::submission::Submission;
use runtime::problem::{Code, Problem};
use runtime::seal::Sealed;
use runtime::serving::act::Act;
use runtime::store::entry::drafts;
use runtime::store::entry::entrants::{self, Contact, Entrant, Texts};
use runtime::store::people::idempotency::Answer;
use runtime::store::submissions::NewSubmission;
use runtime::warning::{Entry, Warning};
use serde::Serialize;
use tracing::info;
use utoipa::ToSchema;
use uuid::Uuid;

use super::quota::{NamedBy, check_quota};
use super::recommended::Recommended;
use crate::app::App;
use crate::receipt;
use crate::token::Token;

/// A stored entry that waits for its film.
#[derive(Serialize, ToSchema)]
pub(crate) struct Entered {
    /// The submission.
    id: Uuid,
    /// The number of its receipt, by which people name the entry.
    #[schema(example = "GQ24-4829-1735-0617")]
    receipt: String,
    /// Opens the submission and its uploads, as `Authorization: Bearer`. Returned only here.
    token: String,
    /// Where to send the film.
    upload: UploadAddress,
    /// What partners do not accept in the texts. The entry is accepted all the same.
    warnings: Vec<Warning>,
}

/// Where to send the film.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct UploadAddress {
    /// tus creation address: POST there with the token, as any tus client does. A path is relative to this API.
    endpoint: String,
    /// Largest film in bytes.
    max_bytes: u64,
    /// Instant before which the upload must start.
    #[serde(skip_serializing_if = "Option::is_none")]
    start_before: Option<DateTime<Utc>>,
    /// Instant before which it must be complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_before: Option<DateTime<Utc>>,
}

impl UploadAddress {
    /// For a work with this cure.
    pub(crate) fn of(app: &App, contest: &Contest, cure: Option<&Cure>) -> Self {
        Self {
            endpoint: format!("{}/files", app.settings.public_url),
            max_bytes: contest.max_upload_bytes,
            start_before: contest.start_before(cure),
            finish_before: contest.finish_before(cure),
        }
    }
}

/// Enters a work under the id of its token, once for each key of the request. A draft with this id is deleted.
///
/// # Errors
/// `idempotency_key_reused` if a submission with this id already exists.
pub(crate) async fn enter(
    app: &App,
    contest: &Contest,
    form: &Checked,
    token: &Token,
    act: &Act,
) -> Result<Answer, Problem> {
    Ok(enter_with(app, contest, form, token, act, None).await?)
}

/// The same for a unit.
pub(super) async fn enter_with(
    app: &App,
    contest: &Contest,
    form: &Checked,
    token: &Token,
    act: &Act,
    recommended: Option<Recommended<'_>>,
) -> anyhow::Result<Answer> {
    let warnings = warnings(app, contest, form);
    let (new, entrant) = &stored(app, contest, form, token)?;
    let id = new.id;
    let location = &format!("{}/api/v1/submissions/{id}", app.settings.public_url);
    let entered = &Entered {
        id: id.0,
        receipt: new.receipt.to_string(),
        token: token.text().to_owned(),
        upload: UploadAddress::of(app, contest, None),
        warnings,
    };
    let answer = app.store.transaction("enter", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let by = if recommended.is_some() { NamedBy::Unit } else { NamedBy::Entrant };
            check_quota(tx, contest, form, by, app.clock.now()).await?;
            if !entrants::enter(tx, new, entrant).await? {
                return Err(Problem::from(Code::IdempotencyKeyReused).into());
            }
            if let Some(recommended) = recommended {
                recommended.recorded(tx).await?;
            }
            drafts::forget(tx, id).await?;
            act.end_at(tx, StatusCode::CREATED, Some(location.clone()), entered).await
        })
    });
    let answer = answer.await?;
    if !answer.again {
        info!(submission.id = %id, "submission {id} was entered");
    }
    Ok(answer)
}

/// The parts of a form's texts that partners do not accept.
pub(super) fn warnings(app: &App, contest: &Contest, form: &Checked) -> Vec<Warning> {
    let texts = Entry { title: form.text(id::TITLE), synopsis: form.text(id::SYNOPSIS), theme: form.text(id::THEME) };
    texts.warnings_of_all(&app.catalogue, contest)
}

/// A new entry as stored: its row and its entrant's sealed data. Only a digest of its token is stored.
fn stored(app: &App, contest: &Contest, form: &Checked, token: &Token) -> Result<(NewSubmission, Sealed), Problem> {
    let Texts { title, theme, synopsis, recommending_unit, declarations } = texts_of(form);
    let new = NewSubmission {
        id: token.id,
        receipt: receipt::draw(contest)?,
        contest: contest.id.clone(),
        machine: Submission::new(contest.gates),
        title,
        theme,
        synopsis,
        recommending_unit,
        declarations,
        token_sha256: token.digest(),
    };
    Ok((new, sealed(app, token.id, form)?))
}

/// The parts of a form that are columns of a work's row.
pub(super) fn texts_of(form: &Checked) -> Texts {
    Texts {
        title: form.text(id::TITLE).to_owned(),
        theme: form.text(id::THEME).to_owned(),
        synopsis: form.text(id::SYNOPSIS).to_owned(),
        recommending_unit: form.text(id::UNIT).to_owned(),
        declarations: form.declarations().clone().into(),
    }
}

/// The personal data of a form, sealed.
pub(super) fn sealed(app: &App, submission: SubmissionId, form: &Checked) -> anyhow::Result<Sealed> {
    let given = |id| form.given(id).map(ToOwned::to_owned);
    let entrant = Entrant {
        name: form.text(id::NAME).to_owned(),
        organisation: given(id::ORGANISATION),
        contact: Contact { phone: given(id::PHONE), email: given(id::EMAIL) },
        answers: form.own().clone(),
    };
    app.keys.seal(submission, &serde_json::to_vec(&entrant)?)
}
