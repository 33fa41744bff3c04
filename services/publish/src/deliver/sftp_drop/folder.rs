//! The folder of one run at the partner: its names, the partner's answers in it, and how it is emptied.
use std::time::Duration;

use anyhow::{Context, Result};
use pipeline::delivery::Receipt;
use pipeline::id::SubmissionId;
use pipeline::object_key::ObjectKey;
use russh_sftp::protocol::FileAttributes;
use serde_json::json;

use super::access::Access;
use super::receipt::{self, Status};
use super::remote::{Remote, is_dir, is_file};
use crate::task::Task;

/// Its presence makes a folder count.
pub(super) const MARKER: &str = ".done";
/// Asks the partner to remove the work.
pub(super) const RECALL: &str = "recall.json";
/// Wait after a call that certainly did nothing.
pub(super) const AGAIN: Duration = Duration::from_secs(60);

/// One run's folder.
pub(super) struct Folder {
    pub(super) submission: SubmissionId,
    pub(super) run: u32,
    /// The directory for deliveries, and our folder in it.
    base: String,
    dir: String,
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

    /// Creates it, if it is not there.
    pub(super) async fn make(&self, remote: &Remote) -> Result<()> {
        let below = ObjectKey::drop_prefix(self.submission, self.run);
        Ok(remote.make_dirs(&self.base, &below).await?)
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
            let evidence = match &read {
                Ok(status) => json!({ "status": format!("{status:?}") }),
                Err(problem) => json!({ "problem": problem }),
            };
            task.record("receipt", json!({ "file": path, "bytes": there.size }), evidence).await?;
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
        self.make(remote).await?;
        remote.put_small(&path, format!("{word:#}\n").as_bytes()).await.context("leave word of the recall")?;
        task.record("ask_back", json!({ "file": path, "content": word }), json!({})).await
    }
}
