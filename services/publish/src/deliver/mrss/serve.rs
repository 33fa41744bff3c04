//! The routes for partners: the feed, by their token (here), and its files, by signed links (`file`).
//!
//! Whether a work is offered is checked at each request, and again while a file is sent: a recall ends every link at
//! once.
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use pipeline::id::PartnerId;
use pipeline::partner::Partner;
use runtime::doors::{Door, Reason};
use runtime::store::partners::feed::FeedItem;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tracing::{error, warn};

use super::access::{may_read, served};
use super::feed::{Item, Page};
use super::file::file;
use super::link::Target;
use crate::partner_app::{PartnerApp, denied, unavailable};

/// Items of one page: some ten kilobytes of text.
const PAGE: u32 = 50;

/// The feeds' routes.
pub(crate) fn feeds() -> Router<PartnerApp> {
    Router::new().route("/partners/{partner}/feed.xml", get(feed))
}

/// The routes of their files.
pub(crate) fn files() -> Router<PartnerApp> {
    Router::new().route("/partners/{partner}/files/{submission}/{run}/{file}", get(file))
}

#[derive(Deserialize)]
struct Cursor {
    before: Option<i64>,
}

async fn feed(
    State(app): State<PartnerApp>,
    Path(partner): Path<String>,
    Query(cursor): Query<Cursor>,
    headers: HeaderMap,
) -> Response {
    // Whether a partner exists is revealed only to a client with its token.
    let known = served(&app.catalogue, &partner);
    let Some((partner, link_key)) = known.clone().filter(|(partner, _)| may_read(partner, &headers)) else {
        let reason = match (headers.contains_key(header::AUTHORIZATION), &known) {
            (false, _) => Reason::Missing,
            (true, None) => Reason::Unknown,
            (true, Some(_)) => Reason::Wrong,
        };
        let ways =
            [(header::WWW_AUTHENTICATE, "Bearer realm=\"feed\""), (header::WWW_AUTHENTICATE, "Basic realm=\"feed\"")];
        let mut answer = (StatusCode::UNAUTHORIZED, "the feed wants your token\n").into_response();
        for (name, value) in ways {
            answer.headers_mut().append(name, header::HeaderValue::from_static(value));
        }
        return denied(answer, Door::Feed, reason, known.map(|(partner, _)| &partner.id));
    };
    let text = match page(&app, partner, &link_key, cursor.before, &headers).await {
        Ok(text) => text,
        Err(error) => {
            warn!(partner.id = %partner.id, "could not write the feed of {}: {error:#}", partner.id);
            return unavailable();
        }
    };
    let tag = format!("\"{}\"", hex::encode(Sha256::digest(&text)));
    let common = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::VARY, "Authorization".to_owned()),
    ];
    if matches_tag(headers.get(header::IF_NONE_MATCH), &tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(header::CONTENT_TYPE, "application/rss+xml; charset=utf-8")], text).into_response()
}

async fn page(
    app: &PartnerApp,
    partner: &Partner,
    link_key: &str,
    before: Option<i64>,
    headers: &HeaderMap,
) -> anyhow::Result<String> {
    // One more than shown says whether there is a next page.
    let mut rows = app.store.feed_page(&partner.id, before, PAGE + 1).await?;
    let more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    let path = format!("/partners/{}/feed.xml", partner.id);
    let own = before.map_or_else(|| path.clone(), |before| format!("{path}?before={before}"));
    let next = rows.last().filter(|_| more).map(|last| format!("{path}?before={}", last.id));
    let items: Vec<Item> = rows.into_iter().filter_map(|row| readable(&partner.id, row)).collect();
    let page = Page {
        title: &format!("映工场 · {}", partner.name.zh),
        public_url: &public_url(app, headers),
        path: &own,
        next: next.as_deref(),
        items: &items,
        link_key: link_key.as_bytes(),
        now: app.clock.now(),
    };
    Ok(page.write())
}

/// One item; an item that cannot be read is left out, so that the partner still gets the others.
fn readable(partner: &PartnerId, row: FeedItem) -> Option<Item> {
    let submission = row.submission;
    let read = item(partner, row);
    read.inspect_err(|error| {
        error!(partner.id = %partner, submission.id = %submission, "{submission} is missing in the feed of {partner}: {error:#}");
    })
    .ok()
}

fn item(partner: &PartnerId, row: FeedItem) -> anyhow::Result<Item> {
    let target = Target { partner: partner.clone(), submission: row.submission, run: row.run, file: String::new() };
    Ok(Item { target, content: serde_json::from_value(row.content)?, since: row.created_at })
}

/// Our address as partners reach it; if none is configured, the one that this partner has just used.
fn public_url(app: &PartnerApp, headers: &HeaderMap) -> String {
    if let Some(url) = &app.url {
        return url.trim_end_matches('/').to_owned();
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}

fn matches_tag(header: Option<&header::HeaderValue>, tag: &str) -> bool {
    let Some(tags) = header.and_then(|header| header.to_str().ok()) else { return false };
    tags.split(',').map(|it| it.trim().trim_start_matches("W/")).any(|it| it == tag || it == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_any_form() {
        let matches = |value: &'static str| matches_tag(Some(&header::HeaderValue::from_static(value)), "\"a\"");
        assert!(matches("\"a\"") && matches("W/\"a\"") && matches("\"b\", \"a\"") && matches("*"));
        assert!(!matches("\"b\"") && !matches("a") && !matches_tag(None, "\"a\""));
    }
}
