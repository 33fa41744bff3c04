//! The upload that a request names: whose it is, and whether it is over.
use axum::http::HeaderMap;
use pipeline::id::UploadId;
use runtime::doors::{Door, Reason};
use runtime::problem::{Code, Problem};
use runtime::store::entry::uploads::{UploadRow, UploadState};
use runtime::store::submissions::SubmissionRow;

use crate::app::App;
use crate::token;

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
pub(crate) fn check_alive(app: &App, upload: &UploadRow) -> Result<(), Problem> {
    match upload.state {
        UploadState::Open if app.clock.now() < upload.expires_at => Ok(()),
        UploadState::Assembling | UploadState::Finished => Ok(()),
        UploadState::Open | UploadState::Expired | UploadState::Terminated | UploadState::Failed => {
            Err(upload.failure.map_or(Code::UploadGone, Code::from).into())
        }
    }
}
