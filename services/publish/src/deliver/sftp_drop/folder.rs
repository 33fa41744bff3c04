//! The folder of one run at the partner: how it is filled, marked, read and emptied.
use anyhow::{Context, Result, ensure};
use pipeline::delivery::{IntentId, Receipt};
use pipeline::id::SubmissionId;
use pipeline::object_key::ObjectKey;
use runtime::store::renditions::RenditionRow;
use russh_sftp::protocol::FileAttributes;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::access::Access;
use super::adi::{Adi, Essence};
use super::receipt::{self, Status};
use super::remote::{Remote, is_dir, is_file};
use super::transfer::Share;
use super::{AGAIN, MARKER, RECALL, Session, session};
use crate::deliver::Submitted;
use crate::package::{self, PackageFile, Source};
use crate::task::Task;

/// The list of digests, last of the files.
const CHECKSUMS: &str = "checksums.sha256";
/// The name under which head-ends look for the description.
const ADI: &str = "ADI.XML";
/// The provider's domain if the partner's settings name no other.
const PROVIDER_ID: &str = "reelmill.invalid";

/// One run's folder.
pub(super) struct Folder {
    submission: SubmissionId,
    run: u32,
    /// The directory for deliveries, and our folder in it.
    base: String,
    dir: String,
}

/// A file of the folder.
struct Item {
    name: String,
    bytes: u64,
    sha256: String,
}

impl Folder {
    /// The folder of a task's delivery.
    pub(super) fn of(task: &Task<'_>, access: &Access) -> Self {
        let (submission, run) = (task.job.submission.id, task.machine().run);
        let dir = access.path(ObjectKey::drop_prefix(submission, run).trim_end_matches('/'));
        Self { submission, run, base: access.dir.clone(), dir }
    }

    /// The folder's name, which is our receipt.
    pub(super) fn receipt(&self) -> Receipt {
        Receipt(ObjectKey::drop_prefix(self.submission, self.run))
    }

    /// The path of a file in it.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.dir)
    }

    /// Sends every file that is not there yet. Without a marker, none of it counts.
    pub(super) async fn fill(&self, task: &mut Task<'_>, remote: &Remote, files: &[PackageFile]) -> Result<()> {
        let below = ObjectKey::drop_prefix(self.submission, self.run);
        remote.make_dirs(&self.base, &below).await.with_context(|| format!("make the folder {below}"))?;
        self.clear_answers(remote).await?;
        let mut session = session(task).await?;
        let total: u64 = files.iter().map(|file| file.bytes).sum::<u64>().max(1);
        let mut before = 0;
        for file in files.iter().filter(|file| file.name.to_string() != CHECKSUMS) {
            let (from, of) = (before as f64 / total as f64, file.bytes as f64 / total as f64);
            self.send(task, remote, &mut session, file, (from, of)).await?;
            before += file.bytes;
        }
        for (name, content) in made(task, files, &session).await? {
            self.send_made(task, remote, &mut session, name, content).await?;
        }
        task.job.progress.set(1.0);
        Ok(())
    }

    /// Answers left by an earlier delivery in this folder would be taken for answers to this one.
    async fn clear_answers(&self, remote: &Remote) -> Result<()> {
        if remote.size(&self.path(MARKER)).await?.is_none() {
            for name in receipt::NAMES.into_iter().chain([RECALL]) {
                remote.remove(&self.path(name)).await.with_context(|| format!("remove an old {name}"))?;
            }
        }
        Ok(())
    }

    async fn send(
        &self,
        task: &mut Task<'_>,
        remote: &Remote,
        session: &mut Session,
        file: &PackageFile,
        (from, of): (f64, f64),
    ) -> Result<()> {
        let name = file.name.to_string();
        let path = self.path(&name);
        let known = session.done.get(&name) == Some(&file.sha256);
        let described = !needs_md5(task, file) || session.md5.contains_key(&name);
        if known && described && remote.size(&path).await? == Some(file.bytes) {
            return Ok(());
        }
        let local = task.fetch(file).await?;
        if !described {
            session.md5.insert(name.clone(), md5_of(local.clone()).await?);
        }
        task.still_ours().await?;
        let share = Share { progress: &task.job.progress, from, of };
        let sent = remote.transfer(&local, file.bytes, &path, share).await.with_context(|| format!("send {name}"))?;
        session.done.insert(name.clone(), file.sha256.clone());
        task.save_session(session).await?;
        let request = json!({ "file": path, "bytes": file.bytes, "sha256": file.sha256 });
        task.record("transfer", request, json!({ "kept": sent.kept, "sent": sent.sent })).await
    }

    /// A small file generated for this folder. Always sent completely: that costs less than comparing.
    async fn send_made(
        &self,
        task: &mut Task<'_>,
        remote: &Remote,
        session: &mut Session,
        name: &str,
        content: Vec<u8>,
    ) -> Result<()> {
        let (path, sha256) = (self.path(name), hex::encode(Sha256::digest(&content)));
        if session.done.get(name) != Some(&sha256) || remote.size(&path).await? != Some(content.len() as u64) {
            remote.put_small(&path, &content).await.with_context(|| format!("send {name}"))?;
            session.done.insert(name.to_owned(), sha256.clone());
            task.save_session(session).await?;
            let request = json!({ "file": path, "bytes": content.len(), "sha256": sha256 });
            task.record("transfer", request, json!({ "kept": 0, "sent": content.len() })).await?;
        }
        Ok(())
    }

    /// Checks that all files are there, and writes the marker: from then on the folder counts.
    pub(super) async fn mark(
        &self,
        task: &mut Task<'_>,
        remote: &Remote,
        files: &[PackageFile],
        intent: IntentId,
    ) -> Result<Submitted> {
        let items = items(task, files).await?;
        for Item { name, bytes, .. } in &items {
            let there = remote.size(&self.path(name)).await?;
            if there != Some(*bytes) {
                let words = format!("{name} has {there:?} bytes at the partner and not {bytes}");
                return Ok(Submitted::NotSent { words, again: Some(AGAIN) });
            }
        }
        let listed: Vec<_> =
            items.iter().map(|it| json!({ "name": it.name, "bytes": it.bytes, "sha256": it.sha256 })).collect();
        let marker = json!({ "submission": self.submission, "run": self.run, "intent": intent, "files": listed });
        let path = self.path(MARKER);
        // The last moment at which a lost claim still stops it.
        task.still_ours().await?;
        let put = async {
            remote.put_small(&path, format!("{marker:#}\n").as_bytes()).await?;
            remote.size(&path).await
        };
        let put = put.await;
        let told = match &put {
            Ok(there) => json!({ "bytes": there }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        task.record("submit", json!({ "file": path, "marker": marker }), told).await?;
        Ok(match put {
            Ok(Some(_)) => Submitted::Accepted(self.receipt()),
            Ok(None) => Submitted::Lost(format!("{path} was put and is not there")),
            Err(error) => Submitted::Lost(format!("put {path}: {error}")),
        })
    }

    /// The partner's receipts: `Ok(None)` without one, `Err` with what is wrong with it. Of two the later stage counts.
    pub(super) async fn receipts(
        &self,
        task: &mut Task<'_>,
        remote: &Remote,
    ) -> Result<Result<Option<Status>, String>> {
        let (mut said, mut problem) = (None, None);
        for name in receipt::NAMES {
            let path = self.path(name);
            let Some(there) = remote.look(&path).await.with_context(|| format!("look for {name}"))? else { continue };
            let read = self.receipt_at(remote, name, &there).await?;
            let told = match &read {
                Ok(status) => json!({ "status": format!("{status:?}") }),
                Err(problem) => json!({ "problem": problem }),
            };
            task.record("receipt", json!({ "file": path, "bytes": there.size }), told).await?;
            match read {
                Ok(status) => said = said.max(Some(status)),
                Err(words) => problem = Some(words),
            }
        }
        // A valid receipt beside an invalid one is an answer.
        Ok(match (said, problem) {
            (Some(status), _) => Ok(Some(status)),
            (None, Some(problem)) => Err(problem),
            (None, None) => Ok(None),
        })
    }

    async fn receipt_at(&self, remote: &Remote, name: &str, there: &FileAttributes) -> Result<Result<Status, String>> {
        if !is_file(there) {
            return Ok(Err(format!("{name} is no regular file")));
        }
        if there.size.is_some_and(|bytes| bytes > receipt::MOST_BYTES as u64) {
            return Ok(Err(format!("{name} has more than {} bytes", receipt::MOST_BYTES)));
        }
        let content = remote.read_small(&self.path(name), receipt::MOST_BYTES).await?.unwrap_or_default();
        Ok(receipt::read(name, &content, self.submission, self.run))
    }

    /// Removes every file except the partner's answers; returns their number.
    pub(super) async fn empty(&self, remote: &Remote) -> Result<usize> {
        let ours = self.ours(remote).await?;
        for name in &ours {
            remote.remove(&self.path(name)).await.with_context(|| format!("remove {name}"))?;
        }
        Ok(ours.len())
    }

    /// How many of our files are in the folder.
    pub(super) async fn ours_left(&self, remote: &Remote) -> Result<usize> {
        Ok(self.ours(remote).await?.len())
    }

    async fn ours(&self, remote: &Remote) -> Result<Vec<String>> {
        let entries = remote.list(&self.dir).await.with_context(|| format!("list {}", self.dir))?;
        let ours = entries
            .into_iter()
            .filter(|(name, there)| !is_dir(there) && !name.starts_with("receipt.") && name != RECALL);
        Ok(ours.map(|(name, _)| name).collect())
    }

    /// Removes the folder if it is empty, and then the work's folder.
    pub(super) async fn remove_if_empty(&self, remote: &Remote) {
        remote.remove_dir_if_empty(&self.dir).await;
        if let Some((work, _)) = self.dir.rsplit_once('/') {
            remote.remove_dir_if_empty(work).await;
        }
    }

    /// Writes the request to remove the work.
    pub(super) async fn ask_back(&self, task: &mut Task<'_>, remote: &Remote) -> Result<()> {
        let path = self.path(RECALL);
        let word = json!({ "submission": self.submission, "run": self.run, "recall": true, "answer": "receipt.json with status recalled" });
        let below = ObjectKey::drop_prefix(self.submission, self.run);
        remote.make_dirs(&self.base, &below).await?;
        remote.put_small(&path, format!("{word:#}\n").as_bytes()).await.context("leave word of the recall")?;
        task.record("ask_back", json!({ "file": path, "content": word }), json!({})).await
    }
}

/// The files generated here and not by the package: the description if the partner wants one, and the list of all
/// digests.
async fn made(task: &Task<'_>, files: &[PackageFile], session: &Session) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let mut made = Vec::new();
    let mut list = files
        .iter()
        .filter(|file| file.name.to_string() != CHECKSUMS)
        .fold(String::new(), |list, file| list + &format!("{}  {}\n", file.sha256, file.name));
    if task.partner.adi_sidecar {
        let text = describe(task, files, session).await?;
        list += &format!("{}  {ADI}\n", hex::encode(Sha256::digest(&text)));
        made.push((ADI, text.into_bytes()));
    }
    made.push((CHECKSUMS, list.into_bytes()));
    Ok(made)
}

/// Every file that must be there before the marker.
async fn items(task: &Task<'_>, files: &[PackageFile]) -> Result<Vec<Item>> {
    let sent = files.iter().filter(|file| file.name.to_string() != CHECKSUMS);
    let mut items: Vec<Item> =
        sent.map(|file| Item { name: file.name.to_string(), bytes: file.bytes, sha256: file.sha256.clone() }).collect();
    for (name, content) in made(task, files, &session(task).await?).await? {
        let sha256 = hex::encode(Sha256::digest(&content));
        items.push(Item { name: name.to_owned(), bytes: content.len() as u64, sha256 });
    }
    Ok(items)
}

async fn describe(task: &Task<'_>, files: &[PackageFile], session: &Session) -> Result<String> {
    let work = &task.job.submission;
    let rows = task.runtime.store.renditions(work.id).await?;
    let (mut movies, mut posters) = (Vec::new(), Vec::new());
    for row in &rows {
        let Some(video) = files.iter().find(|file| file.sha256 == row.rendition.video.sha256) else { continue };
        let cover = row.rendition.cover.as_ref();
        let cover = cover.and_then(|cover| files.iter().find(|file| file.sha256 == cover.sha256));
        for (file, to) in [(Some(video), &mut movies), (cover, &mut posters)] {
            let Some(file) = file else { continue };
            let name = file.name.to_string();
            let md5 = session.md5.get(&name).with_context(|| format!("{name} was not read for its checksum"))?.clone();
            let (width, height, duration_ms) = (row.rendition.width, row.rendition.height, row.rendition.duration_ms);
            to.push(Essence { file: name, bytes: file.bytes, md5, width, height, duration_ms });
        }
    }
    let rows: Vec<&RenditionRow> = rows.iter().collect();
    for cover in package::covers(&task.partner.id, &rows) {
        let name = package::cover_name(cover);
        let md5 = session.md5.get(&name).with_context(|| format!("{name} was not read for its checksum"))?.clone();
        let (width, height, bytes) = (cover.width, cover.height, cover.file.bytes);
        posters.push(Essence { file: name, bytes, md5, width, height, duration_ms: 0 });
    }
    ensure!(!movies.is_empty(), "the package of {} holds no rendition that is in force", work.id);
    let contest = task.runtime.catalogue.contest(&work.contest);
    let (texts, theme) = (task.texts(), task.theme());
    let provider_id = task.optional_secret("ADI_PROVIDER_ID")?.unwrap_or_else(|| PROVIDER_ID.to_owned());
    let adi = Adi {
        submission: work.id,
        run: task.machine().run,
        provider: contest.map_or("Reelmill", |contest| &contest.name.zh),
        provider_id: provider_id.trim(),
        title: &texts.title,
        synopsis: &texts.text,
        category: &theme,
        entered: work.created_at.date_naive(),
        movies,
        posters,
    };
    Ok(adi.write())
}

/// Whether ADI requires a checksum of this file that we do not store.
fn needs_md5(task: &Task<'_>, file: &PackageFile) -> bool {
    task.partner.adi_sidecar && matches!(file.source, Source::Stored(_))
}

async fn md5_of(path: std::path::PathBuf) -> Result<String> {
    use std::io::Read as _;
    let hashed = tokio::task::spawn_blocking(move || -> std::io::Result<String> {
        let (mut file, mut hash) = (std::fs::File::open(path)?, md5::Md5::new());
        let mut batch = vec![0; 1024 * 1024];
        loop {
            let read = file.read(&mut batch)?;
            if read == 0 {
                return Ok(hex::encode(hash.finalize()));
            }
            md5::Digest::update(&mut hash, &batch[..read]);
        }
    });
    hashed.await.context("hash a file")?.context("hash a file")
}
