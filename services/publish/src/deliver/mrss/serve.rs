//! The routes for partners: the feed, by their token, and its files, by signed links.
//!
//! Whether a work is offered is checked at each request, and again while a file is sent: a recall ends every link at
//! once.
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures::stream;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::partner::{DeliveryMethod, Partner};
use runtime::doors::{Door, Reason};
use runtime::objects::ObjectReader;
use runtime::range::Stretch;
use runtime::service::Runtime;
use runtime::store::feed::FeedItem;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tracing::{error, info, warn};

use super::feed::{Content, Item, Page};
use super::link::{Checked, Target};
use super::{LINK_KEY, TOKEN};
use crate::serve::denied;
use crate::task::partner_setting;

/// Items of one page: some ten kilobytes of text.
const PAGE: u32 = 50;
/// Shorter secrets could be guessed.
pub(crate) const SECRET_CHARS: usize = 16;
/// How often a running transfer checks whether its file is still offered, and records its progress.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The feeds' routes.
pub(crate) fn feeds(runtime: Arc<Runtime>) -> Router {
    Router::new().route("/partners/{partner}/feed.xml", get(feed)).with_state(runtime)
}

/// The routes of their files.
pub(crate) fn files(runtime: Arc<Runtime>) -> Router {
    Router::new().route("/partners/{partner}/files/{submission}/{run}/{file}", get(file)).with_state(runtime)
}

#[derive(Deserialize)]
struct Cursor {
    before: Option<i64>,
}

async fn feed(
    State(runtime): State<Arc<Runtime>>,
    Path(partner): Path<String>,
    Query(cursor): Query<Cursor>,
    headers: HeaderMap,
) -> Response {
    // Whether a partner exists is revealed only to a client with its token.
    let known = served(&runtime, &partner);
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
    let text = match page(&runtime, partner, &link_key, cursor.before, &headers).await {
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
    runtime: &Runtime,
    partner: &Partner,
    link_key: &str,
    before: Option<i64>,
    headers: &HeaderMap,
) -> anyhow::Result<String> {
    // One more than shown says whether there is a next page.
    let mut rows = runtime.store.feed_page(&partner.id, before, PAGE + 1).await?;
    let more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    let path = format!("/partners/{}/feed.xml", partner.id);
    let own = before.map_or_else(|| path.clone(), |before| format!("{path}?before={before}"));
    let next = rows.last().filter(|_| more).map(|last| format!("{path}?before={}", last.id));
    let items: Vec<Item> = rows.into_iter().filter_map(|row| readable(&partner.id, row)).collect();
    let page = Page {
        title: &format!("映工场 · {}", partner.name.zh),
        public_url: &public_url(runtime, headers),
        path: &own,
        next: next.as_deref(),
        items: &items,
        link_key: link_key.as_bytes(),
        now: runtime.clock.now(),
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
fn public_url(runtime: &Runtime, headers: &HeaderMap) -> String {
    if let Some(url) = &runtime.config.publish.publish_url {
        return url.trim_end_matches('/').to_owned();
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}

/// A partner that pulls a feed, and the key of its links; `None` for every other name.
fn served<'a>(runtime: &'a Runtime, partner: &str) -> Option<(&'a Partner, String)> {
    let partner = runtime.catalogue.partner(&PartnerId::new(partner))?;
    (partner.method == DeliveryMethod::Mrss).then_some(partner).zip(secret(&partner.id, LINK_KEY))
}

/// A secret of sufficient length.
fn secret(partner: &PartnerId, name: &str) -> Option<String> {
    let value = partner_setting(partner, name, |name| std::env::var(name).ok()).ok()??;
    Some(value.trim().to_owned()).filter(|value| value.len() >= SECRET_CHARS)
}

/// Whether the request carries the partner's token, as a bearer or as a password.
fn may_read(partner: &Partner, headers: &HeaderMap) -> bool {
    let token = secret(&partner.id, TOKEN);
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(credential);
    let (Some(token), Some(given)) = (token, given) else { return false };
    // Digests have the same length whatever was guessed.
    let (token, given) = (Sha256::digest(token), Sha256::digest(given));
    token.ct_eq(&given).into()
}

fn credential(header: &str) -> Option<String> {
    let (scheme, value) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.trim().to_owned());
    }
    let decoded = scheme.eq_ignore_ascii_case("basic").then(|| BASE64.decode(value.trim()).ok()).flatten()?;
    let (_, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(password.to_owned())
}

fn matches_tag(header: Option<&header::HeaderValue>, tag: &str) -> bool {
    let Some(tags) = header.and_then(|header| header.to_str().ok()) else { return false };
    tags.split(',').map(|it| it.trim().trim_start_matches("W/")).any(|it| it == tag || it == "*")
}

#[derive(Deserialize)]
struct Signed {
    expires: i64,
    signature: String,
}

async fn file(
    State(runtime): State<Arc<Runtime>>,
    Path((partner, submission, run, name)): Path<(String, SubmissionId, u32, String)>,
    signed: Result<Query<Signed>, QueryRejection>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let Ok(Query(signed)) = signed else {
        return denied(forbidden("this link opens nothing"), Door::Feed, Reason::Missing, None);
    };
    let refused = |words, reason, partner| denied(forbidden(words), Door::Feed, reason, partner);
    let Some((partner, key)) = served(&runtime, &partner) else {
        return refused("this link opens nothing", Reason::Unknown, None);
    };
    let target = Target { partner: partner.id.clone(), submission, run, file: name };
    match target.check(key.as_bytes(), signed.expires, &signed.signature, runtime.clock.now()) {
        Checked::Open => {}
        Checked::Forged => return refused("this link opens nothing", Reason::Wrong, Some(&partner.id)),
        Checked::Expired => {
            return refused("this link has expired; the feed has a new one", Reason::Ended, Some(&partner.id));
        }
    }
    let answered = answer(&runtime, &target, &method, &headers).await;
    answered.unwrap_or_else(|error| {
        warn!(partner.id = %partner.id, submission.id = %submission, "could not serve a file: {error:#}");
        unavailable()
    })
}

/// The file of a link that is ours and has not expired.
async fn answer(
    runtime: &Arc<Runtime>,
    target: &Target,
    method: &Method,
    headers: &HeaderMap,
) -> anyhow::Result<Response> {
    let store = &runtime.store;
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
        let reader = runtime.objects.read_range(&file.key, stretch.from, stretch.to).await?;
        if !store.feed_pull_begins(item.id, &file.name, file.bytes).await? {
            return Ok(gone());
        }
        info!(partner.id = %target.partner, submission.id = %target.submission, "{} fetches {}", target.partner, file.name);
        Pulling::new(runtime.clone(), target.clone(), item.id, reader, stretch.from, stretch.to).into_body()
    };
    let kind = if file.name.ends_with(".jpg") { "image/jpeg" } else { "video/mp4" };
    Ok(stretch.head(kind).body(body)?)
}

fn forbidden(words: &'static str) -> Response {
    (StatusCode::FORBIDDEN, format!("{words}\n")).into_response()
}

fn unavailable() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "30")], "try again later\n").into_response()
}

/// A running transfer to a partner. However it ends, the bytes that were sent are recorded.
struct Pulling {
    runtime: Arc<Runtime>,
    target: Target,
    item: i64,
    reader: ObjectReader,
    /// `noted`: recorded up to here; `sent`: accepted by the connection; `at`: handed to the connection.
    noted: u64,
    sent: u64,
    at: u64,
    to: u64,
    looked: Instant,
}

impl Pulling {
    fn new(runtime: Arc<Runtime>, target: Target, item: i64, reader: ObjectReader, from: u64, to: u64) -> Self {
        Self { runtime, target, item, reader, noted: from, sent: from, at: from, to, looked: Instant::now() }
    }

    fn into_body(self) -> Body {
        Body::from_stream(stream::try_unfold(self, async |mut pulling| {
            let next = pulling.next().await?;
            Ok::<_, std::io::Error>(next.map(|bytes| (bytes, pulling)))
        }))
    }

    async fn next(&mut self) -> std::io::Result<Option<Bytes>> {
        // A request for more means that the previous piece was accepted.
        self.sent = self.at;
        if self.looked.elapsed() >= LOOK_EVERY {
            self.look().await?;
        }
        let bytes = self.reader.next().await.map_err(std::io::Error::other)?;
        self.at += bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        Ok(bytes)
    }

    /// Records the progress, and ends the connection if the work is no longer offered.
    async fn look(&mut self) -> std::io::Result<()> {
        self.looked = Instant::now();
        let Target { partner, submission, run, file } = &self.target;
        let store = &self.runtime.store;
        // A database that does not answer is no reason to break a running transfer; the next check asks again.
        if let Ok(None) = store.feed_item(partner, *submission, *run).await {
            return Err(std::io::Error::other("the work is not offered any more"));
        }
        if store.feed_pulled(self.item, file, self.noted, self.sent).await.is_ok() {
            self.noted = self.sent;
        }
        Ok(())
    }
}

impl Drop for Pulling {
    fn drop(&mut self) {
        // After the last piece no more is requested.
        let sent = if self.at == self.to { self.to } else { self.sent };
        if sent <= self.noted && self.to > self.noted {
            return;
        }
        let (runtime, item, noted, file) = (self.runtime.clone(), self.item, self.noted, self.target.file.clone());
        tokio::spawn(async move {
            if let Err(error) = runtime.store.feed_pulled(item, &file, noted, sent).await {
                warn!("{file} was fetched in part and that could not be noted: {error:#}");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_as_bearer_or_as_password() {
        assert_eq!(credential("Bearer abc"), Some("abc".into()));
        assert_eq!(credential("bearer  abc "), Some("abc".into()));
        let basic = |text: &str| credential(&format!("Basic {}", BASE64.encode(text)));
        assert_eq!(basic("anybody:a:b"), Some("a:b".into()));
        assert_eq!(basic("nobody"), None);
        for wrong in ["", "abc", "Digest abc", "Basic ***"] {
            assert_eq!(credential(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_tag_is_found_in_any_form() {
        let matches = |value: &'static str| matches_tag(Some(&header::HeaderValue::from_static(value)), "\"a\"");
        assert!(matches("\"a\"") && matches("W/\"a\"") && matches("\"b\", \"a\"") && matches("*"));
        assert!(!matches("\"b\"") && !matches("a") && !matches_tag(None, "\"a\""));
    }
}
