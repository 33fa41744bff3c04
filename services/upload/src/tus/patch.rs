//! PATCH: bytes. Every refusal happens before the body is read.
use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use pipeline::catalogue::Contest;
use pipeline::id::UploadId;
use runtime::serving::places::Held;
use runtime::store::entry::uploads::{UploadKind, UploadRow, UploadState};

use super::headers;
use super::named::{authorized, check_alive};
use crate::app::App;
use crate::entries;
use crate::high_water::{self, Wish};
use crate::writer::checksum::Checksum;
use crate::writer::lock::Lock;
use crate::writer::{self, Ingest};
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::render::ProblemBody;

/// Adds the body's bytes at `Upload-Offset`.
#[utoipa::path(
    patch, path = "/files/{id}", tag = "tus", security(("token" = [])),
    params(
        ("id" = String, Path, description = "Upload"), ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Offset" = u64, Header, description = "Where the bytes go: the upload's present offset"),
        ("Upload-Checksum" = Option<String>, Header, description = "sha1, sha256 or md5, a space, base64"),
        ("Upload-Length" = Option<u64>, Header, description = "Once, where it was deferred"),
    ),
    request_body(content = String, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "Durable", headers(("Upload-Offset" = u64), ("Upload-Expires" = String))),
        (status = 400, description = "A header is malformed", body = ProblemBody), (status = 401, description = "No token"),
        (status = 403, description = "Another submission's token"), (status = 404, description = "No such upload"),
        (status = 408, description = "The client went silent; what came is stored"),
        (status = 409, description = "Another offset", body = ProblemBody), (status = 410, description = "Given up"),
        (status = 412, description = "Another version of tus"), (status = 413, description = "Too long"),
        (status = 415, description = "Another content type"), (status = 423, description = "Somebody else is writing"),
        (status = 460, description = "The checksum does not match"), (status = 503, description = "Try again later"),
    )
)]
pub(crate) async fn patch(app: Arc<App>, id: UploadId, request: Request) -> Result<Response, Problem> {
    let (request, body) = request.into_parts();
    let sent = &request.headers;
    let (upload, submission) = authorized(&app, id, sent).await?;
    check_alive(&app, &upload)?;
    if upload.kind == UploadKind::Final {
        return Err(Code::FinalReadOnly.into());
    }
    if sent.get(CONTENT_TYPE).is_none_or(|it| it != headers::BYTES) {
        return Err(Code::TypeUnsupported.into());
    }
    let offset = headers::number(sent, "upload-offset")?.ok_or(Code::HeaderWrong.about("upload-offset"))?;
    let checksum = Checksum::parse(headers::text(sent, "upload-checksum")?)?;
    let contest = entries::contest_of(&app, &submission)?;
    check(&upload, offset, sent, contest)?;
    if upload.state != UploadState::Open {
        // Every byte has arrived, and there are no more in this request.
        return Ok(answer(&upload, upload.offset));
    }
    entries::check_open(&submission)?;
    high_water::check(&app, Wish::Continue).await?;
    let (upload, lock) = Lock::wait(&app, id).await?;
    // The former holder of the lock may have written.
    let length = match check(&upload, offset, sent, contest) {
        Ok(length) => length,
        Err(problem) => {
            lock.release().await;
            return Err(problem);
        }
    };
    let most = length.unwrap_or(contest.max_upload_bytes);
    let place = request.extensions.get::<Held>().cloned();
    let ingest = Ingest { app: app.clone(), upload: upload.clone(), lock, length, most, checksum, place };
    let expiry = app.expiry(contest, &submission);
    let offset = writer::take(&app, ingest, body.into_data_stream(), expiry).await?;
    Ok(answer(&upload, offset))
}

/// The length of the upload as far as it is known after this request; or what is wrong with the request.
fn check(upload: &UploadRow, offset: u64, sent: &HeaderMap, contest: &Contest) -> Result<Option<u64>, Problem> {
    if offset != upload.offset {
        return Err(Problem { offset: Some(upload.offset), ..Code::OffsetWrong.into() });
    }
    let stated = headers::number(sent, "upload-length")?;
    if let (Some(stated), Some(known)) = (stated, upload.length)
        && stated != known
    {
        return Err(Code::LengthChanged.into());
    }
    let length = upload.length.or(stated);
    if length.is_some_and(|length| length < offset) {
        return Err(Code::LengthChanged
            .about(Detail::new("upload-length：小于已收到的长度", "upload-length: less than there is already")));
    }
    if length.is_some_and(|length| length > contest.max_upload_bytes) {
        return Err(Code::TooLarge.into());
    }
    let end = offset.saturating_add(headers::content_length(sent).unwrap_or_default());
    match length {
        Some(length) if end > length => Err(Code::LengthExceeded.into()),
        None if end > contest.max_upload_bytes => Err(Code::TooLarge.into()),
        _ => Ok(length),
    }
}

fn answer(upload: &UploadRow, offset: u64) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert("upload-offset", offset.into());
    if upload.state == UploadState::Open {
        response.headers_mut().insert("upload-expires", headers::date(upload.expires_at));
    }
    response
}
