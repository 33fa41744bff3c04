//! POST: a new upload, with its first bytes if the request contains any.
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use chrono::{DateTime, Utc};
use pipeline::catalogue::Contest;
use runtime::serving::places::Held;
use runtime::store::entry::uploads::{NewUpload, UploadKind};

use super::concat::{self, Concat};
use super::created::created;
use super::headers;
use super::metadata::Metadata;
use crate::app::App;
use crate::entries;
use crate::free;
use crate::token;
use crate::writer::begin::{begin, new_upload};
use crate::writer::checksum::Checksum;
use crate::writer::lock::Lock;
use crate::writer::{self, Ingest};
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::render::ProblemBody;

/// Creates an upload for the token's submission. The deadline is checked now; the upload may continue after it.
#[utoipa::path(
    post, path = "/files", tag = "tus", security(("token" = [])),
    params(
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Length" = Option<u64>, Header, description = "Whole length in bytes"),
        ("Upload-Defer-Length" = Option<u8>, Header, description = "1: the length comes later"),
        ("Upload-Metadata" = Option<String>, Header, description = "filename and sha256 (hex of the whole file), base64"),
        ("Upload-Concat" = Option<String>, Header, description = "partial, or final;URL URL …"),
        ("Upload-Checksum" = Option<String>, Header, description = "Of the bytes that come along"),
    ),
    request_body(content = Option<String>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 201, description = "Made", headers(("Location" = String), ("Upload-Offset" = u64), ("Upload-Expires" = String))),
        (status = 400, description = "A header is malformed", body = ProblemBody), (status = 401, description = "No token"),
        (status = 403, description = "Wrong token, or past the deadline"), (status = 409, description = "It has its film"),
        (status = 412, description = "Another version of tus"), (status = 413, description = "Too large"),
        (status = 415, description = "Another content type"), (status = 429, description = "Too many unfinished uploads, or too many bytes of them"),
        (status = 460, description = "The checksum does not match"), (status = 503, description = "Try again later"),
    )
)]
pub(crate) async fn create(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    // The routed method may differ from the one after `X-HTTP-Method-Override`, and slots were taken by the latter.
    if request.method() != Method::POST {
        return Err(Code::MethodUnknown.into());
    }
    let (request, body) = request.into_parts();
    let sent = &request.headers;
    let submission = token::authorize(&app, sent).await?;
    entries::check_open(&submission)?;
    let contest = entries::contest_of(&app, &submission)?;
    let metadata = Metadata::parse(headers::text(sent, "upload-metadata")?)?;
    let kind = match Concat::parse(headers::text(sent, "upload-concat")?)? {
        Concat::Final(pieces) => return concat::create(&app, &submission, contest, metadata, pieces, sent).await,
        Concat::Partial => UploadKind::Partial,
        Concat::None => UploadKind::Single,
    };
    entries::check_deadline(contest, submission.cure.as_ref(), app.clock.now())?;
    let length = length_of(sent, contest)?;
    let first = FirstBytes::of(sent, length, contest)?;
    let new = NewUpload { kind, length, ..metadata.onto(new_upload(&app, &submission, contest)) };
    begin(&app, contest, &new).await?;
    let offset = match first {
        None if length != Some(0) => None,
        first => {
            let (checksum, place) = (first.and_then(|it| it.checksum), request.extensions.get().cloned());
            let first = First { checksum, place, body, expiry: app.expiry(contest, &submission) };
            Some(take_first(&app, &new, contest, first).await?)
        }
    };
    Ok(created(&app, &new, offset))
}

fn length_of(sent: &HeaderMap, contest: &Contest) -> Result<Option<u64>, Problem> {
    let length = headers::number(sent, "upload-length")?;
    let deferred = headers::text(sent, "upload-defer-length")?;
    match (length, deferred) {
        (Some(length), None) if length > contest.max_upload_bytes => Err(Code::TooLarge.into()),
        (Some(length), None) => Ok(Some(length)),
        (None, Some("1")) => Ok(None),
        _ => Err(Code::HeaderWrong.about(Detail::new(
            "须有 upload-length 或 upload-defer-length: 1 之一",
            "one of upload-length and upload-defer-length: 1",
        ))),
    }
}

/// Bytes in the request.
struct FirstBytes {
    checksum: Option<Checksum>,
}

impl FirstBytes {
    fn of(sent: &HeaderMap, length: Option<u64>, contest: &Contest) -> Result<Option<Self>, Problem> {
        let said = headers::content_length(sent).unwrap_or_default();
        let Some(kind) = sent.get(CONTENT_TYPE) else {
            return if said == 0 { Ok(None) } else { Err(Code::TypeUnsupported.into()) };
        };
        if kind != headers::BYTES {
            // Clients that send an empty body may still declare its type.
            return if said == 0 { Ok(None) } else { Err(Code::TypeUnsupported.into()) };
        }
        match length {
            Some(length) if said > length => return Err(Code::LengthExceeded.into()),
            None if said > contest.max_upload_bytes => return Err(Code::TooLarge.into()),
            _ => {}
        }
        Ok(Some(Self { checksum: Checksum::parse(headers::text(sent, "upload-checksum")?)? }))
    }
}

/// The request's bytes while they are received.
struct First {
    checksum: Option<Checksum>,
    place: Option<Held>,
    body: Body,
    /// When the upload expires unless more comes.
    expiry: DateTime<Utc>,
}

/// Receives the first bytes. If they are refused there is no upload: its address was never returned.
async fn take_first(app: &Arc<App>, new: &NewUpload, contest: &Contest, first: First) -> Result<u64, Problem> {
    let First { checksum, place, body, expiry } = first;
    let (upload, lock) = Lock::wait(app, new.id).await?;
    let most = new.length.unwrap_or(contest.max_upload_bytes);
    let ingest = Ingest { app: app.clone(), upload, lock, length: new.length, most, checksum, place };
    let taken = writer::take(app, ingest, body.into_data_stream(), expiry).await;
    if taken.is_err() {
        app.store.terminate_upload(new.id).await?;
        free::soon(app);
    }
    taken
}
