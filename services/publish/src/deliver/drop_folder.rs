//! A folder of objects in a bucket, used for a partner's bucket and for an operator's bag: written file by file, each
//! read back. A large file is sent in parts, and the finished parts are stored, so that a crash costs none of them.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use futures::{StreamExt, stream};
use pipeline::object_key::ObjectKey;
use runtime::objects::{Body, Multipart, ObjectError, Objects, StoredPart};
use serde::{Deserialize, Serialize};

use crate::package::PackageFile;
use crate::task::Task;

/// Files above this are sent in resumable parts; smaller ones are sent again in seconds.
const WHOLE_BYTES: u64 = 64 * 1024 * 1024;
/// Size of a part, unless 10,000 of them would not suffice.
const PART_BYTES: u64 = 16 * 1024 * 1024;
/// The most parts that S3 allows.
const MOST_PARTS: u64 = 10_000;
/// Parts that are sent at the same time.
const PARTS_AT_ONCE: usize = 3;

/// The part of a package that is there already.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// Keys of large files that were read back completely and were correct.
    whole: BTreeSet<String>,
    /// The file that is being sent in parts.
    open: Option<Open>,
}

/// A multipart upload that continues after a crash.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Open {
    key: String,
    upload: String,
    /// Tags of the parts that the server has, by number.
    parts: BTreeMap<u32, String>,
}

/// Copies a package into a bucket, file by file, and reads each back: only a file with the right digest there counts as
/// written.
pub(crate) async fn put_package(
    task: &Task<'_>,
    files: &[PackageFile],
    to: &Objects,
    key: impl Fn(&PackageFile) -> ObjectKey,
) -> Result<()> {
    let mut kept: Kept = task.session().await?.unwrap_or_default();
    for (index, file) in files.iter().enumerate() {
        let key = key(file);
        // Compared before the crash; a request checks that it was not removed since.
        if kept.whole.contains(&key.to_string()) && to.head(&key).await.is_ok_and(|bytes| bytes == file.bytes) {
            continue;
        }
        let path = task.fetch(file).await?;
        if file.bytes <= WHOLE_BYTES {
            to.put_file(&key, &path).await.with_context(|| format!("put {key}"))?;
        } else {
            put_large(task, to, &key, &path, file.bytes, &mut kept).await?;
        }
        check(to, &key, &path, file).await?;
        if file.bytes > WHOLE_BYTES {
            kept.whole.insert(key.to_string());
            task.save_session(&kept).await?;
        }
        task.job.progress.set((index + 1) as f64 / files.len() as f64);
    }
    Ok(())
}

/// Reads a file back.
async fn check(to: &Objects, key: &ObjectKey, path: &Path, file: &PackageFile) -> Result<()> {
    let (bytes, sha256) = to.get_to_file(key, path).await.with_context(|| format!("read {key} back"))?;
    let sha256 = hex::encode(sha256);
    ensure!(
        bytes == file.bytes && sha256 == file.sha256,
        "{key} read back has {bytes} bytes with digest {sha256}, not {} with {}",
        file.bytes,
        file.sha256
    );
    Ok(())
}

async fn put_large(
    task: &Task<'_>,
    to: &Objects,
    key: &ObjectKey,
    path: &Path,
    bytes: u64,
    kept: &mut Kept,
) -> Result<()> {
    let part_bytes = PART_BYTES.max(bytes.div_ceil(MOST_PARTS));
    // Zero beyond the file's end: the server's list is trusted only for parts that exist.
    let length = |number: u32| part_bytes.min(bytes.saturating_sub(u64::from(number.max(1) - 1) * part_bytes));
    let mut open = resume(task, to, key, length, kept).await?;
    let upload = Multipart { key: open.key.clone(), id: open.upload.clone() };
    let count = u32::try_from(bytes.div_ceil(part_bytes)).context("a file of too many parts")?;
    let missing: Vec<u32> = (1..=count).filter(|number| !open.parts.contains_key(number)).collect();
    let mut sending = stream::iter(missing)
        .map(|number| {
            let offset = u64::from(number - 1) * part_bytes;
            to.put_part(&upload, number, Body::File { path: path.to_owned(), offset, length: length(number) })
        })
        .buffer_unordered(PARTS_AT_ONCE);
    while let Some(part) = sending.next().await {
        match part {
            Ok(part) => open.parts.insert(part.number, part.etag),
            Err(ObjectError::NotFound) => {
                kept.open = None;
                task.save_session(kept).await?;
                bail!("the server has forgotten the parts of {key}; they are sent again");
            }
            Err(error) => return Err(error).with_context(|| format!("put a part of {key}")),
        };
        kept.open = Some(open.clone());
        task.save_session(kept).await?;
    }
    let stored =
        |(number, etag): (&u32, &String)| StoredPart { number: *number, etag: etag.clone(), bytes: length(*number) };
    let parts: Vec<StoredPart> = open.parts.iter().map(stored).collect();
    match to.complete_multipart(&upload, &parts).await {
        // Over: completed before a crash, or aborted by the server. Reading back shows which.
        Ok(()) | Err(ObjectError::NotFound) => {}
        Err(error) => return Err(error).with_context(|| format!("join the parts of {key}")),
    }
    kept.open = None;
    task.save_session(kept).await
}

/// The earlier upload, with the parts that the server has of it, or a new one.
async fn resume(
    task: &Task<'_>,
    to: &Objects,
    key: &ObjectKey,
    length: impl Fn(u32) -> u64,
    kept: &mut Kept,
) -> Result<Open> {
    let name = key.to_string();
    if let Some(mut open) = kept.open.clone().filter(|open| open.key == name) {
        let upload = Multipart { key: name, id: open.upload.clone() };
        // Parts that arrived just before the crash. Servers that do not list them get them again.
        let there = to.list_parts(&upload).await.unwrap_or_default();
        let whole =
            there.into_iter().filter(|part| part.number > 0 && part.bytes > 0 && part.bytes == length(part.number));
        open.parts.extend(whole.map(|part| (part.number, part.etag)));
        return Ok(open);
    }
    let begun = to.create_multipart(key).await.with_context(|| format!("begin {key} in parts"))?;
    let open = Open { key: begun.key, upload: begun.id, parts: BTreeMap::new() };
    kept.open = Some(open.clone());
    task.save_session(kept).await?;
    Ok(open)
}

/// Aborts a multipart upload that will not be continued.
pub(crate) async fn give_up(task: &Task<'_>, to: &Objects) -> Result<()> {
    let Some(Kept { open: Some(open), .. }) = task.session::<Kept>().await? else { return Ok(()) };
    let upload = Multipart { key: open.key, id: open.upload };
    to.abort_multipart(&upload).await.with_context(|| format!("give up the parts of {}", upload.key))?;
    task.forget_session().await
}
