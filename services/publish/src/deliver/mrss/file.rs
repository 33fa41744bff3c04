//! A file of the feed, by a signed link.
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use pipeline::id::SubmissionId;
use runtime::doors::{Door, Reason};
use runtime::range::Stretch;
use serde::Deserialize;
use tracing::{info, warn};

use super::access::served;
use super::content::Content;
use super::link::{Checked, Target};
use super::transfer::Transfer;
use crate::partner_app::{PartnerApp, denied, unavailable};

#[derive(Deserialize)]
pub(super) struct Signed {
    expires: i64,
    signature: String,
}

/// GET and HEAD.
pub(super) async fn file(
    State(app): State<PartnerApp>,
    Path((partner, submission, run, name)): Path<(String, SubmissionId, u32, String)>,
    signed: Result<Query<Signed>, QueryRejection>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let Ok(Query(signed)) = signed else {
        return denied(forbidden("this link opens nothing"), Door::Feed, Reason::Missing, None);
    };
    let refused = |words, reason, partner| denied(forbidden(words), Door::Feed, reason, partner);
    let Some((partner, key)) = served(&app.catalogue, &partner) else {
        return refused("this link opens nothing", Reason::Unknown, None);
    };
    let target = Target { partner: partner.id.clone(), submission, run, file: name };
    match target.check(key.as_bytes(), signed.expires, &signed.signature, app.clock.now()) {
        Checked::Open => {}
        Checked::Forged => return refused("this link opens nothing", Reason::Wrong, Some(&partner.id)),
        Checked::Expired => {
            return refused("this link has expired; the feed has a new one", Reason::Ended, Some(&partner.id));
        }
    }
    let answered = answer(&app, &target, &method, &headers).await;
    answered.unwrap_or_else(|error| {
        warn!(partner.id = %partner.id, submission.id = %submission, "could not serve a file: {error:#}");
        unavailable()
    })
}

/// The file of a link that is ours and has not expired.
async fn answer(app: &PartnerApp, target: &Target, method: &Method, headers: &HeaderMap) -> anyhow::Result<Response> {
    let store = &app.store;
    let gone = || (StatusCode::GONE, "the work is not offered any more\n").into_response();
    let Some(item) = store.feed_item(&target.partner, target.submission, target.run).await? else { return Ok(gone()) };
    let content: Content = serde_json::from_value(item.content)?;
    let Some(file) = content.files().find(|file| file.name == target.file) else { return Ok(gone()) };
    let stretch = match Stretch::asked(headers, file.bytes, &file.sha256) {
        Ok(stretch) => stretch,
        Err(beyond) => return Ok(beyond.into_response()),
    };
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let reader = app.objects.read_range(&file.key, stretch.from, stretch.to).await?;
        if !store.feed_pull_begins(item.id, &file.name, file.bytes).await? {
            return Ok(gone());
        }
        info!(partner.id = %target.partner, submission.id = %target.submission, "{} fetches {}", target.partner, file.name);
        Transfer::new(store.clone(), target.clone(), item.id, reader, &stretch).into_body()
    };
    let kind = if file.name.ends_with(".jpg") { "image/jpeg" } else { "video/mp4" };
    Ok(stretch.head(kind).body(body)?)
}

fn forbidden(words: &'static str) -> Response {
    (StatusCode::FORBIDDEN, format!("{words}\n")).into_response()
}
