//! tus 1.0.0, one file a verb. `version` is the frame around all of them, `named` finds the upload of a request.
//!
//! A request to `/files` or below states the protocol's version and carries the token of the submission that the upload is for.
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use pipeline::id::UploadId;
use runtime::problem::{Code, Problem};

use crate::app::App;

pub(crate) mod concat;
pub(crate) mod create;
mod created;
pub(crate) mod head;
pub(crate) mod headers;
pub(crate) mod metadata;
mod named;
pub(crate) mod options;
pub(crate) mod patch;
pub(crate) mod terminate;
pub(crate) mod version;

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
