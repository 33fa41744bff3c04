//! HEAD: how far the upload is. The answer comes from the database and is what is durable, whichever request is
//! writing.
use std::sync::Arc;

use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use pipeline::id::UploadId;
use runtime::store::entry::uploads::{UploadKind, UploadRow, UploadState};

use super::headers;
use super::named::{authorized, check_alive};
use crate::app::App;
use runtime::problem::Problem;

/// Returns offset, length, metadata and expiry of an upload.
#[utoipa::path(
    head, path = "/files/{id}", tag = "tus", security(("token" = [])),
    params(("id" = String, Path, description = "Upload"), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses(
        (status = 200, description = "How far it is", headers(("Upload-Offset" = u64), ("Upload-Length" = u64),
            ("Upload-Metadata" = String), ("Upload-Expires" = String), ("Upload-Concat" = String))),
        (status = 401, description = "No token"), (status = 403, description = "Another submission's token"),
        (status = 404, description = "No such upload"), (status = 410, description = "Given up"),
        (status = 412, description = "Another version of tus"), (status = 503, description = "Try again later"),
    )
)]
pub(crate) async fn head(app: Arc<App>, id: UploadId, request: &HeaderMap) -> Result<Response, Problem> {
    let (upload, _) = authorized(&app, id, request).await?;
    check_alive(&app, &upload)?;
    // A client that knows its offset does not ask: this one was interrupted, and returns.
    if upload.state == UploadState::Open && upload.offset > 0 {
        app.store.metrics().uploads.count("resumed");
    }
    let mut response = StatusCode::OK.into_response();
    let out = response.headers_mut();
    out.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    describe(&upload, out);
    Ok(response)
}

fn describe(upload: &UploadRow, out: &mut HeaderMap) {
    let whole = upload.state == UploadState::Finished;
    // A concatenation has an offset once it is complete.
    if upload.kind != UploadKind::Final || whole {
        out.insert("upload-offset", upload.offset.into());
    }
    match upload.length {
        Some(length) => out.insert("upload-length", length.into()),
        None => out.insert("upload-defer-length", HeaderValue::from_static("1")),
    };
    // It was received as a header, so it can be sent as one.
    if let Ok(metadata) = HeaderValue::from_str(&upload.metadata)
        && !upload.metadata.is_empty()
    {
        out.insert("upload-metadata", metadata);
    }
    match upload.kind {
        UploadKind::Single => {}
        UploadKind::Partial => drop(out.insert("upload-concat", HeaderValue::from_static("partial"))),
        UploadKind::Final => {
            let pieces: Vec<_> = upload.pieces.iter().map(|piece| format!("/files/{piece}")).collect();
            // Ids and slashes only, so it is a valid header value.
            if let Ok(value) = HeaderValue::from_str(&format!("final;{}", pieces.join(" "))) {
                out.insert("upload-concat", value);
            }
        }
    }
    if upload.state == UploadState::Open {
        out.insert("upload-expires", headers::date(upload.expires_at));
    }
}
