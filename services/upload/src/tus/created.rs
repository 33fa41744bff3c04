//! The answer to a request that created an upload.
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use runtime::store::entry::uploads::{NewUpload, UploadKind};

use super::headers;
use crate::app::App;

/// With the durable offset, if the request contained bytes.
pub(crate) fn created(app: &App, new: &NewUpload, offset: Option<u64>) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    let out = response.headers_mut();
    let address = format!("{}/files/{}", app.settings.public_url, new.id);
    // The public address was checked at the start, and an id contains only characters that a header allows.
    out.insert(LOCATION, HeaderValue::from_str(&address).unwrap_or(HeaderValue::from_static("")));
    if let Some(offset) = offset {
        out.insert("upload-offset", offset.into());
    }
    if new.kind != UploadKind::Final && offset.is_none_or(|offset| Some(offset) != new.length) {
        out.insert("upload-expires", headers::date(new.expires_at));
    }
    response
}
