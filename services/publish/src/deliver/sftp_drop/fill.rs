//! Fills a run's folder: the files of the package, and those that are generated for it; at last the marker, which makes
//! it count.
use anyhow::{Context, Result};
use pipeline::delivery::IntentId;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::describe::{describe, md5_of, needs_md5};
use super::folder::{AGAIN, Folder, MARKER, RECALL};
use super::receipt;
use super::remote::Remote;
use super::session::{Session, session};
use super::transfer::Share;
use crate::deliver::Submitted;
use crate::package::PackageFile;
use crate::task::Task;

/// The list of digests, last of the files.
const CHECKSUMS: &str = "checksums.sha256";
/// The name under which head-ends look for the description.
const ADI: &str = "ADI.XML";

/// A file of the folder.
struct Item {
    name: String,
    bytes: u64,
    sha256: String,
}

impl Folder {
    /// Sends every file that is not there yet. Without a marker, none of it counts.
    pub(super) async fn fill(&self, task: &mut Task<'_>, remote: &Remote, files: &[PackageFile]) -> Result<()> {
        self.make(remote).await.with_context(|| format!("make the folder {}", self.receipt().0))?;
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
        let evidence = match &put {
            Ok(there) => json!({ "bytes": there }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        task.record("submit", json!({ "file": path, "marker": marker }), evidence).await?;
        Ok(match put {
            Ok(Some(_)) => Submitted::Accepted(self.receipt()),
            Ok(None) => Submitted::Lost(format!("{path} was put and is not there")),
            Err(error) => Submitted::Lost(format!("put {path}: {error}")),
        })
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
