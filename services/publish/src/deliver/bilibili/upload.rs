//! Uploads the film and its cover before the call that publishes. After every part the progress is stored, so a worker
//! that takes over continues at the first missing part.
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::client::{self, Call, Content};
use super::codes::{Advice, RETRY, advice, until_tomorrow};
use super::platform::{Failed, text_of};
use crate::deliver::Prepared;
use crate::exchange::Body;
use crate::package::PackageFile;
use crate::task::Task;

/// Size of every part but the last, bytes [O].
const PART_BYTES: u64 = 8 * 1024 * 1024;
/// Tries of one part within one job. A part may be sent again: it overwrites itself.
const TRIES: u32 = 3;

/// The state of the upload, stored sealed, since its token is the only authentication.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Session {
    token: String,
    /// Digest of the uploaded film, so that another run's film never continues it.
    sha256: String,
    /// Number of leading parts that the platform has.
    parts: u32,
    complete: bool,
    /// Address of the cover at the platform.
    pub(super) cover: String,
}

impl Session {
    /// Name of the upload at the platform, for the call that publishes.
    pub(super) fn token(&self) -> &str {
        &self.token
    }
}

/// Why preparation is not `Ready`; ends it early.
enum Stop {
    Later(Duration),
    /// The platform no longer knows this upload.
    Lost,
    Ours(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Stop::Ours(error)
    }
}

/// Uploads everything, or as much as is possible now.
pub(super) async fn prepare(task: &Task<'_>, files: &[PackageFile]) -> Result<Prepared> {
    let named = |begin: &str, end: &str| {
        let named = |name: String| name.starts_with(begin) && name.ends_with(end);
        files.iter().find(|file| named(file.name.to_string()))
    };
    let film = named("", ".mp4").context("the package holds no film")?;
    // The cover that the partner requires; the film's own picture has another shape.
    let cover = named("cover-", ".jpg").context("the package holds no cover")?;
    let mut session = task.session::<Session>().await?.unwrap_or_default();
    if session.sha256 != film.sha256 {
        session = Session { sha256: film.sha256.clone(), ..Session::default() };
    }
    match bring_up(task, &mut session, film, cover).await {
        Ok(()) => Ok(Prepared::Ready),
        Err(Stop::Later(wait)) => Ok(Prepared::Later(wait)),
        Err(Stop::Lost) => {
            task.forget_session().await?;
            Ok(Prepared::Later(RETRY))
        }
        Err(Stop::Ours(error)) => Err(error),
    }
}

async fn bring_up(task: &Task<'_>, session: &mut Session, film: &PackageFile, cover: &PackageFile) -> Result<(), Stop> {
    if session.token.is_empty() {
        let content = Content::Json(json!({ "name": film.name.to_string(), "utype": "0" }));
        let call = Call::post("video.init", "/arcopen/fn/archive/video/init", content);
        let data = done(task, client::call(task, &call).await?)?;
        session.token = text_of(&data, "upload_token").context("the answer to video.init has no token")?;
        task.save_session(session).await?;
    }
    task.secrets.add(&session.token);
    if !session.complete {
        send_parts(task, session, film).await?;
        let path = "/arcopen/fn/archive/video/complete";
        let call = Call::post("video.complete", path, Content::Nothing).upload(&session.token);
        done(task, client::call(task, &call).await?)?;
        session.complete = true;
        task.save_session(session).await?;
    }
    if session.cover.is_empty() {
        session.cover = send_cover(task, cover).await?;
        task.save_session(session).await?;
    }
    Ok(())
}

async fn send_parts(task: &Task<'_>, session: &mut Session, film: &PackageFile) -> Result<(), Stop> {
    let count = u32::try_from(film.bytes.div_ceil(PART_BYTES)).context("a film of too many parts")?;
    if session.parts >= count {
        return Ok(());
    }
    let path = task.fetch(film).await?;
    for number in session.parts + 1..=count {
        send_part(task, &session.token, number, &path, film.bytes).await?;
        session.parts = number;
        task.save_session(session).await?;
        task.job.progress.set(f64::from(number) / f64::from(count));
    }
    Ok(())
}

async fn send_part(task: &Task<'_>, token: &str, number: u32, path: &Path, bytes: u64) -> Result<(), Stop> {
    let offset = u64::from(number - 1) * PART_BYTES;
    let mut tries = 0;
    loop {
        tries += 1;
        let body = Body::File { path: path.to_owned(), offset, bytes: PART_BYTES.min(bytes - offset) };
        let query = [("part_number", number.to_string())];
        match client::part(task, ("/video/v2/part/upload", &query), token, body).await? {
            Ok(_) => return Ok(()),
            Err(Failed::Lost(words)) if tries < TRIES => {
                tracing::warn!(partner = %task.partner.id, "part {number} is sent again: {words}");
            }
            Err(failed) => return done(task, Err(failed)).map(drop),
        }
    }
}

/// The cover, by a multipart body with the one field `file`. The required MD5 is not documented: that of the whole body
/// is used, as for every other call [A].
async fn send_cover(task: &Task<'_>, cover: &PackageFile) -> Result<String, Stop> {
    let path = task.fetch(cover).await?;
    let picture = tokio::fs::read(&path).await.context("read the cover")?;
    let boundary = format!("reelmill-{}", Uuid::new_v4().simple());
    let bytes = multipart(&boundary, &picture);
    let call = Call::post("cover.upload", "/arcopen/fn/archive/cover/upload", Content::Multipart { boundary, bytes });
    let data = done(task, client::call(task, &call).await?)?;
    Ok(text_of(&data, "url").context("the answer to cover.upload has no address")?)
}

fn multipart(boundary: &str, picture: &[u8]) -> Bytes {
    let head = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"cover.jpg\"\r\ncontent-type: image/jpeg\r\n\r\n"
    );
    [head.as_bytes(), picture, format!("\r\n--{boundary}--\r\n").as_bytes()].concat().into()
}

/// The result, or why not yet. None of these calls publishes, so all of them may be repeated.
fn done(task: &Task<'_>, answered: Result<serde_json::Value, Failed>) -> Result<serde_json::Value, Stop> {
    answered.map_err(|failed| match failed {
        Failed::NotDone { again, words } => {
            tracing::info!(partner = %task.partner.id, "the upload waits: {words}");
            Stop::Later(again)
        }
        Failed::Lost(_) => Stop::Later(RETRY),
        Failed::Refused { code, words } => match advice(code) {
            Advice::Wait(wait) => Stop::Later(wait),
            Advice::Retry | Advice::SameTitle => Stop::Later(RETRY),
            Advice::Tomorrow => Stop::Later(until_tomorrow(task.tools.clock.now())),
            // A wrong parameter of an upload that was begun: its token has expired.
            Advice::Gone | Advice::Unknown if code == -400 || code == -404 => Stop::Lost,
            Advice::Gone | Advice::Unknown | Advice::Token | Advice::Person | Advice::Refused => {
                Stop::Ours(anyhow::anyhow!("{} does not take the upload: {words}", task.partner.id))
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_multipart_body_has_one_field_and_its_end() {
        let body = multipart("b", b"JPEG");
        let text = std::str::from_utf8(&body).unwrap();
        assert!(text.starts_with("--b\r\ncontent-disposition: form-data; name=\"file\""), "{text}");
        assert!(text.ends_with("\r\n\r\nJPEG\r\n--b--\r\n"), "{text}");
    }
}
