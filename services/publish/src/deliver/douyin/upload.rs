//! The upload of a video to Douyin: parts of 20 MB, each recorded once they have it, so that a crash costs one part at
//! most. The result is a video that no create has used yet.
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::api::{self, Call, Content};
use super::codes::{Advice, advice, until_tomorrow};
use super::platform::{Failed, text_of};
use crate::package::PackageFile;
use crate::task::Task;

/// Size of every part but the last, bytes: as recommended by the platform [O].
const PART_BYTES: u64 = 20 * 1024 * 1024;

/// How often an upload is restarted because the platform no longer knows the one before.
const BEGUN_AT_MOST: u32 = 3;

/// Wait before an upload with a broken connection continues.
const BROKEN: Duration = Duration::from_secs(2);

/// The state of the upload, kept over crashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    /// The file's SHA-256.
    sha256: String,
    /// The upload in progress: its name there, and how many parts they have.
    upload: Option<(String, u64)>,
    /// The resulting video, until a create uses it.
    pub(super) video_id: Option<String>,
    /// Creates that ended with a refusal of the video itself.
    #[serde(default)]
    pub(super) spoiled: u32,
}

/// The result of an upload.
pub(super) enum Uploaded {
    /// A video is ready to be used in a create.
    There,
    /// Not now.
    Later(Duration),
}

/// The stored state for this file; a state for another file is discarded.
pub(super) async fn session(task: &Task<'_>, file: &PackageFile) -> Result<Session> {
    let kept = task.session::<Session>().await?.filter(|kept| kept.sha256 == file.sha256);
    Ok(kept.unwrap_or_else(|| Session { sha256: file.sha256.clone(), ..Session::default() }))
}

/// Uploads the file, from the first part that they do not have.
pub(super) async fn upload(task: &Task<'_>, file: &PackageFile) -> Result<Uploaded> {
    let mut session = session(task, file).await?;
    if session.video_id.is_some() {
        return Ok(Uploaded::There);
    }
    let path = task.fetch(file).await?;
    let before = session.clone();
    for _ in 0..BEGUN_AT_MOST {
        match attempt(task, &mut session, file.bytes, &path).await? {
            Ok(()) => return Ok(Uploaded::There),
            Err(Failed::NotSent { again, .. }) => return Ok(Uploaded::Later(again)),
            // An unreliable connection that still transfers parts is no failure that counts.
            Err(Failed::Lost(words)) if session != before => {
                tracing::warn!(partner = %task.partner.id, "an upload goes on where it broke off: {words}");
                return Ok(Uploaded::Later(BROKEN));
            }
            Err(Failed::Lost(words)) => bail!("upload to douyin: {words}"),
            Err(Failed::Refused(refusal)) => match advice(refusal.code) {
                // It was completed before, or has expired: restarted, which is not visible to anyone.
                Advice::Parameter => {
                    session.upload = None;
                    task.save_session(&session).await?;
                }
                Advice::SlowDown(again) => return Ok(Uploaded::Later(again)),
                Advice::Tomorrow => return Ok(Uploaded::Later(until_tomorrow(task.tools.clock.now()))),
                Advice::Again | Advice::Token | Advice::Refused | Advice::Person => bail!("douyin: {refusal}"),
            },
        }
    }
    bail!("douyin no longer knew {BEGUN_AT_MOST} uploads, one after the other")
}

async fn attempt(task: &Task<'_>, session: &mut Session, bytes: u64, path: &Path) -> Result<Result<(), Failed>> {
    let (name, done) = match session.upload.clone() {
        Some(begun) => begun,
        None => match api::call(task, &begin()).await? {
            Ok(data) => (text_of(&data, "/upload_id")?, 0),
            Err(failed) => return Ok(Err(failed)),
        },
    };
    session.upload = Some((name.clone(), done));
    task.save_session(session).await?;
    let parts = bytes.div_ceil(PART_BYTES);
    for index in done..parts {
        let piece = Content::Video(slice(path, index, bytes).await?.into());
        let call = Call::new("upload.part", "upload_video_part/", piece);
        if let Err(failed) = api::call(task, &call.with("upload_id", &name).with("part_number", index + 1)).await? {
            return Ok(Err(failed));
        }
        session.upload = Some((name.clone(), index + 1));
        task.save_session(session).await?;
        task.job.progress.set((index + 1) as f64 / parts as f64);
    }
    let complete = Call::new("upload.complete", "complete_video_part_upload/", Content::Json(json!({})));
    Ok(match api::call(task, &complete.with("upload_id", &name)).await? {
        Ok(data) => {
            session.video_id = Some(text_of(&data, "/video/video_id")?);
            session.upload = None;
            task.save_session(session).await?;
            Ok(())
        }
        Err(failed) => Err(failed),
    })
}

fn begin() -> Call {
    Call::new("upload.init", "init_video_part_upload/", Content::Json(json!({})))
}

/// The bytes of one part, counted from 0.
async fn slice(path: &Path, index: u64, bytes: u64) -> Result<Vec<u8>> {
    let from = index * PART_BYTES;
    let length = PART_BYTES.min(bytes - from);
    let read = async {
        let mut file = tokio::fs::File::open(path).await?;
        file.seek(std::io::SeekFrom::Start(from)).await?;
        let mut part = Vec::with_capacity(length as usize);
        file.take(length).read_to_end(&mut part).await?;
        anyhow::Ok(part)
    };
    let part = read.await.with_context(|| format!("read {} from byte {from}", path.display()))?;
    ensure!(part.len() as u64 == length, "{} ends before byte {}", path.display(), from + length);
    Ok(part)
}
