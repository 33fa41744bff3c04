//! DELETE: the client ends its upload, and all its objects are freed.
use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use pipeline::id::UploadId;
use runtime::store::entry::uploads::{UploadKind, UploadState};

use super::named::{authorized, check_alive};
use crate::app::App;
use crate::free;
use runtime::problem::{Code, Detail, Problem};

/// Aborts an unfinished upload. A complete one belongs to its submission: withdraw that.
#[utoipa::path(
    delete, path = "/files/{id}", tag = "tus", security(("token" = [])),
    params(("id" = String, Path, description = "Upload"), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses(
        (status = 204, description = "Given up"), (status = 401, description = "No token"),
        (status = 403, description = "Another submission's token"), (status = 404, description = "No such upload"),
        (status = 409, description = "It is whole, or is being joined"), (status = 410, description = "Given up before"),
    )
)]
pub(crate) async fn terminate(app: Arc<App>, id: UploadId, headers: &HeaderMap) -> Result<Response, Problem> {
    let (upload, _) = authorized(&app, id, headers).await?;
    check_alive(&app, &upload)?;
    if !app.store.terminate_upload(id).await? {
        let piece = upload.kind == UploadKind::Partial && upload.state == UploadState::Finished;
        if piece {
            return Err(Code::PieceInUse.into());
        }
        return Err(Code::SubmissionClosed
            .about(Detail::new("上传已完成，请改为撤回作品", "the upload is whole; withdraw the submission instead")));
    }
    app.store.metrics().uploads.count("terminated");
    free::soon(&app);
    Ok(StatusCode::NO_CONTENT.into_response())
}
