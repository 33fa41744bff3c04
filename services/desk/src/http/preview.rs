//! What organisers look at before they decide about an entry: the preview film, its storyboard, and candidate moments
//! for a cover.
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures::stream;
use pipeline::object_key::PreviewFile;
use runtime::objects::{ObjectReader, StoredFile};
use runtime::range::Stretch;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Desk;
use runtime::problem::{Code, Problem};
use runtime::serving::principal::Subject;
use runtime::store::submissions::SubmissionRow;

/// The files of a preview.
#[derive(Serialize, ToSchema)]
pub(crate) struct Preview {
    /// The work at 480 lines and a low bitrate, with its sound: mp4.
    proxy: Link,
    /// Small pictures at a regular interval on one sheet: JPEG.
    storyboard: Link,
    /// Which of them is shown at which time: WebVTT, each cue with its place on the sheet (`storyboard.jpg#xywh=…`).
    cues: Link,
    /// Moments that are suitable for a cover, ms after the first picture, best first.
    cover_candidates_ms: Vec<u64>,
}

/// The address of a file, for the same token.
#[derive(Serialize, ToSchema)]
pub(crate) struct Link {
    url: String,
    bytes: u64,
    /// Hex.
    sha256: String,
}

/// The preview of an entry, made by its probe for decisions.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/preview", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "Links and moments", body = Preview)))]
pub(crate) async fn preview(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
) -> Result<Json<Preview>, Problem> {
    let made = desk.store.preview(entry.id).await?.ok_or(Code::NotYet)?;
    let link = |file: PreviewFile| {
        let stored = made.file(file);
        let url = format!("{}/api/v1/submissions/{}/preview/{}", desk.url, entry.id, file.name());
        Link { url, bytes: stored.bytes, sha256: stored.sha256.clone() }
    };
    Ok(Json(Preview {
        proxy: link(PreviewFile::Proxy),
        storyboard: link(PreviewFile::Storyboard),
        cues: link(PreviewFile::Cues),
        cover_candidates_ms: entry.media_info.as_ref().map_or_else(Vec::new, |it| it.video.cover_candidates_ms.clone()),
    }))
}

/// Which file.
#[derive(Deserialize)]
pub(crate) struct At {
    #[serde(rename = "id")]
    _id: Uuid,
    file: String,
}

/// A file of the preview: `proxy.mp4`, `storyboard.jpg` or `storyboard.vtt`. One range of bytes can be requested.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/preview/{file}", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), ("file" = String, Path, description = "Its name")),
    responses((status = 200, description = "All of it"), (status = 206, description = "A part of it"),
        (status = 416, description = "It has no such part")))]
pub(crate) async fn file(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
    Path(at): Path<At>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    named(&desk, &entry, &at.file, &headers).await
}

/// The file of this name of a work's preview.
pub(crate) async fn named(
    desk: &Desk,
    entry: &SubmissionRow,
    name: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let wanted = PreviewFile::ALL.into_iter().find(|file| file.name() == name).ok_or(Code::RouteUnknown)?;
    let made = desk.store.preview(entry.id).await?.ok_or(Code::NotYet)?;
    served(desk, wanted, made.file(wanted), headers).await
}

async fn served(desk: &Desk, which: PreviewFile, file: &StoredFile, headers: &HeaderMap) -> Result<Response, Problem> {
    let stretch = match Stretch::asked(headers, file.bytes, &file.sha256) {
        Ok(stretch) => stretch,
        Err(beyond) => return Ok(beyond.into_response()),
    };
    let reader = desk.objects.read_range(&file.key, stretch.from, stretch.to).await?;
    let kind = match which {
        PreviewFile::Proxy => "video/mp4",
        PreviewFile::Storyboard => "image/jpeg",
        PreviewFile::Cues => "text/vtt; charset=utf-8",
    };
    Ok(stretch.head(kind).body(body(reader)).map_err(anyhow::Error::from)?)
}

/// Passes on the bytes of the store, however slowly the client takes them.
pub(crate) fn body(reader: ObjectReader) -> Body {
    Body::from_stream(stream::try_unfold(reader, async |mut reader| {
        let next = reader.next().await.map_err(std::io::Error::other)?;
        Ok::<_, std::io::Error>(next.map(|bytes| (bytes, reader)))
    }))
}
