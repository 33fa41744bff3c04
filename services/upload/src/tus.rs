//! tus 1.0.0: the protocol's frame around its verbs, one file a verb.
//!
//! A request to `/files` or below states the protocol's version and carries the token of the submission that the upload is for.
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use pipeline::id::UploadId;
use runtime::doors::{Door, Reason};
use runtime::store::submissions::SubmissionRow;
use runtime::store::uploads::{UploadRow, UploadState};

use crate::app::App;
use crate::token;
use runtime::problem::{Code, Problem};

pub(crate) mod concat;
pub(crate) mod create;
pub(crate) mod head;
pub(crate) mod headers;
pub(crate) mod metadata;
pub(crate) mod options;
pub(crate) mod patch;
pub(crate) mod terminate;

/// The only supported version.
pub(crate) const VERSION: &str = "1.0.0";
/// Names the method that a request is meant to have.
const OVERRIDE: &str = "x-http-method-override";

/// Middleware around the protocol's routes: every request except discovery states the version, and every answer too. A
/// method that the protocol does not have is refused as such, whatever version the request states.
pub(crate) async fn version(request: Request, next: Next) -> Response {
    let stated = request.headers().get("tus-resumable");
    let spoken = matches!(*request.method(), Method::POST | Method::HEAD | Method::PATCH | Method::DELETE);
    let right = !spoken || stated.is_some_and(|it| it == VERSION);
    let mut response =
        if right { next.run(request).await } else { Problem::from(Code::VersionUnsupported).into_response() };
    let headers = response.headers_mut();
    headers.insert("tus-resumable", HeaderValue::from_static(VERSION));
    if response.status() == StatusCode::PRECONDITION_FAILED {
        response.headers_mut().insert("tus-version", HeaderValue::from_static(VERSION));
    }
    response
}

/// Middleware before everything else of the protocol: a request gets the method in `X-HTTP-Method-Override`, for
/// networks that only pass GET and POST. So all limits and checks by method use the effective one.
pub(crate) async fn overridden(mut request: Request, next: Next) -> Response {
    let mut wishes = request.headers().get_all(OVERRIDE).iter();
    if let Some(wished) = wishes.next() {
        let wished = wished.to_str().ok().and_then(|it| Method::from_bytes(it.to_ascii_uppercase().as_bytes()).ok());
        // With two of them a proxy before us could act by one and we by the other.
        let Some(wished) = wished.filter(|_| wishes.next().is_none()) else {
            return Problem::from(Code::MethodUnknown).into_response();
        };
        request.headers_mut().remove(OVERRIDE);
        *request.method_mut() = wished;
    }
    next.run(request).await
}

/// `/files/{id}`, by its method.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = id.parse::<UploadId>().map_err(|_| Code::UploadUnknown)?;
    match request.method().as_str() {
        "HEAD" => head::head(app, id, request.headers()).await,
        "PATCH" => patch::patch(app, id, request).await,
        "DELETE" => terminate::terminate(app, id, request.headers()).await,
        "OPTIONS" => Ok(options::options(&app)),
        _ => Err(Code::MethodUnknown.into()),
    }
}

/// The upload and its submission, for the holder of the submission's token.
pub(crate) async fn authorized(
    app: &App,
    id: UploadId,
    headers: &HeaderMap,
) -> Result<(UploadRow, SubmissionRow), Problem> {
    let submission = token::authorize(app, headers).await?;
    let upload = app.store.upload(id).await?.ok_or(Code::UploadUnknown)?;
    if upload.submission == submission.id {
        return Ok((upload, submission));
    }
    Err(Code::ForeignUpload.refused(Door::Entrants, Reason::Forbidden, Some(submission.id)))
}

/// Refuses what is over. An expired upload is over even if it was not swept yet.
pub(crate) fn alive(app: &App, upload: &UploadRow) -> Result<(), Problem> {
    match upload.state {
        UploadState::Open if app.clock.now() < upload.expires_at => Ok(()),
        UploadState::Assembling | UploadState::Finished => Ok(()),
        UploadState::Open | UploadState::Expired | UploadState::Terminated | UploadState::Failed => {
            Err(upload.failure.map_or(Code::UploadGone, Code::from).into())
        }
    }
}
