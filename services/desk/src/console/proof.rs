//! GET /works/{id}/deliveries/{partner}/proofs/{proof}: the picture that a person attached as evidence. It was decoded
//! before it was stored; its type comes from its bytes, never from the client, and its name is ours.
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::Response;
use axum::routing::get;
use runtime::objects::ObjectError;
use runtime::problem::{Code, Problem};
use runtime::serving::principal::Subject;
use serde::Deserialize;
use uuid::Uuid;

use super::{EVIDENCE, page};
use crate::Desk;
use crate::http::preview::body;
use crate::picture::{HEAD_BYTES, kind};
use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    vec![page("/works/{id}/deliveries/{partner}/proofs/{proof}", EVIDENCE, get(picture))]
}

/// Which one.
#[derive(Deserialize)]
struct At {
    partner: String,
    proof: String,
}

async fn picture(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
) -> Result<Response, Problem> {
    let unknown = || Problem::from(Code::RouteUnknown);
    let id: Uuid = at.proof.parse().map_err(|_| unknown())?;
    let proofs = desk.store.proofs(work.id, Some(&at.partner.as_str().into())).await?;
    let key = proofs.into_iter().find(|proof| proof.id == id).and_then(|proof| proof.file_key).ok_or_else(unknown)?;
    let read = async || {
        let mut head = desk.objects.read_range(&key, 0, HEAD_BYTES).await?;
        Ok::<_, ObjectError>((head.next().await?.unwrap_or_default(), desk.objects.read(&key).await?))
    };
    let (head, reader) = match read().await {
        Err(ObjectError::NotFound) => return Err(unknown()),
        read => read?,
    };
    let (media_type, ending) = kind(&head).ok_or_else(unknown)?;
    let answer = Response::builder()
        .header(header::CONTENT_TYPE, media_type)
        .header(header::CONTENT_LENGTH, reader.bytes())
        .header(header::CONTENT_DISPOSITION, format!("inline; filename=\"{id}.{ending}\""))
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CACHE_CONTROL, "private, no-store")
        .body(body(reader));
    Ok(answer.map_err(anyhow::Error::from)?)
}
