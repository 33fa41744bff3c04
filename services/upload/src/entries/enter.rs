//! POST /api/v1/submissions: the form is checked and stored, and its sender gets a token and the address for the film.
use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::extract::State;
<<<<<<< HEAD
use axum::http::HeaderMap;
use runtime::problem::{Code, Problem};
use runtime::serving::act::{Act, Answered};
=======
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use pipeline::catalogue::Contest;
use pipeline::form::{Checked, id};
use pipeline::submission::Submission;
use runtime::seal::Sealed;
>>>>>>> h-enter-drafts
use runtime::serving::client::{Peer, client_of};
use runtime::serving::render::ProblemBody;

use super::check_deadline;
use super::form::Form;
use crate::act::enter::{self, Entered};
use crate::app::{App, Settings};
<<<<<<< HEAD
=======
use crate::token::Token;
use runtime::problem::{Code, Problem};
use runtime::serving::act::{Act, Answered};
use runtime::serving::render::ProblemBody;

/// A stored entry that waits for its film.
#[derive(Serialize, ToSchema)]
pub(crate) struct Entered {
    /// The submission.
    id: Uuid,
    /// Opens the submission and its uploads, as `Authorization: Bearer`. Told this once.
    token: String,
    /// Where the film goes.
    upload: UploadAddress,
    /// What partners do not take of the texts as they are. The entry counts all the same.
    warnings: Vec<Warning>,
}

/// Where the film goes.
#[derive(Serialize, ToSchema)]
pub(crate) struct UploadAddress {
    /// tus creation address: POST there with the token, as any tus client does. A path is relative to this API.
    endpoint: String,
    /// Largest film in bytes.
    max_bytes: u64,
    /// Instant before which the upload has to start.
    #[serde(skip_serializing_if = "Option::is_none")]
    start_before: Option<DateTime<Utc>>,
    /// Instant before which it has to be complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_before: Option<DateTime<Utc>>,
}
>>>>>>> h-enter-drafts

/// Enters a work.
#[utoipa::path(
    post, path = "/api/v1/submissions", tag = "entries", request_body = Form,
    params(
        ("Accept-Language" = Option<String>, Header, description = "zh or en, for problems"),
        ("Idempotency-Key" = Option<String>, Header, description = "A UUID; a form that is sent again with it enters once"),
    ),
    responses(
        (status = 201, description = "Entered", body = Entered),
        (status = 400, description = "Not a form", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Past the deadline", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many from this address", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Try again later", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn enter(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    act: Act,
) -> Result<Answered, Problem> {
    // Before anything that may have become wrong since: the deadline may have passed.
    if let Some(answer) = act.answered(&app.store).await? {
        return Ok(Answered(answer));
    }
    let Settings { entries_per_minute, forwarded_hops, .. } = app.settings;
    if let (Some(Extension(Peer(peer))), 1..) = (peer, entries_per_minute) {
        let client = client_of(peer, &headers, forwarded_hops);
        if !app.entries.allows(client, entries_per_minute, Instant::now()) {
            return Err(Code::TooManyEntries.into());
        }
    }
    let form: Form = act.body()?;
    let contest = app.catalogue.contest(&form.contest.as_str().into()).ok_or(Code::ContestUnknown)?;
    check_deadline(contest, app.clock.now())?;
    let form = form.checked(contest)?;
<<<<<<< HEAD
    Ok(Answered(enter::enter(&app, contest, &form, &act).await?))
=======

    let texts = Entry { title: form.text(id::TITLE), synopsis: form.text(id::SYNOPSIS), theme: form.text(id::THEME) };
    let warnings = texts.warnings_of_all(&app.catalogue, contest);
    let token = Token::new()?;
    let (new, entrant) = stored(&app, contest, &form, &token)?;
    let id = token.id;
    let upload = UploadAddress {
        endpoint: format!("{}/files", app.settings.public_url),
        max_bytes: contest.max_upload_bytes,
        start_before: contest.deadline.map(|it| it.to_utc()),
        finish_before: contest.latest_finish(),
    };
    let location = format!("{}/api/v1/submissions/{id}", app.settings.public_url);
    let entered = Entered { id: id.0, token: token.text().to_owned(), upload, warnings };
    let (act, new, entrant, entered, location) = (&act, &new, &entrant, &entered, &location);
    let answer = app.store.transaction("enter", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            entrants::enter(tx, new, entrant).await?;
            act.end_at(tx, StatusCode::CREATED, Some(location.clone()), entered).await
        })
    });
    let answer = answer.await?;
    if !answer.again {
        info!(submission.id = %id, "submission {id} was entered");
    }
    Ok(Answered(answer))
}

/// A new entry of a form, as it is stored: its row, and its entrant's sealed data.
pub(crate) fn stored(
    app: &App,
    contest: &Contest,
    form: &Checked,
    token: &Token,
) -> Result<(NewSubmission, Sealed), Problem> {
    let given = |id| form.given(id).map(ToOwned::to_owned);
    let entrant = Entrant {
        name: form.text(id::NAME).to_owned(),
        organisation: given(id::ORGANISATION),
        contact: Contact { phone: given(id::PHONE), email: given(id::EMAIL) },
        answers: form.own().clone(),
    };
    let entrant = app.keys.seal(token.id, &serde_json::to_vec(&entrant).map_err(anyhow::Error::from)?)?;
    let new = NewSubmission {
        id: token.id,
        contest: contest.id.clone(),
        machine: Submission::new(contest.gates),
        title: form.text(id::TITLE).to_owned(),
        theme: form.text(id::THEME).to_owned(),
        synopsis: form.text(id::SYNOPSIS).to_owned(),
        recommending_unit: form.text(id::UNIT).to_owned(),
        declarations: form.declarations().clone().into(),
        token_sha256: token.digest(),
    };
    Ok((new, entrant))
>>>>>>> h-enter-drafts
}
