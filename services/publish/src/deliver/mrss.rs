//! A feed that the partner pulls: the work is added to it, links open its files, and every file fetched completely is
//! the receipt.
//!
//! | what | file |
//! |---|---|
//! | what is offered of a work | `content` |
//! | the document | `feed` |
//! | links that expire | `link` |
//! | the routes, and the feed | `serve` |
//! | who may read it | `access` |
//! | a file, and its transfer | `file`, `transfer` |
//!
//! The partner's pages are its own: a fetched work is live without a public address. A work that was never fetched
//! cannot be there, so its removal from the feed is a proven recall; of a fetched work only a person can say that it is
//! gone.
use anyhow::{Context, Result, ensure};
use pipeline::delivery::{IntentId, Receipt};
use runtime::store::partners::feed::Pull;
use serde_json::{Value, json};

use super::{Prepared, ReadBack, Seen, Submitted, TakenBack, Way};
use crate::package::PackageFile;
use crate::task::Task;

pub(crate) mod access;
mod content;
mod feed;
mod file;
mod link;
pub(crate) mod serve;
mod transfer;

use access::{LINK_KEY, SECRET_CHARS, TOKEN};
use content::{Content, content};

/// A feed that the partner pulls.
pub(crate) struct Mrss;

impl Way for Mrss {
    async fn prepare(&self, task: &mut Task<'_>, _files: &[PackageFile]) -> Result<Prepared> {
        for name in [TOKEN, LINK_KEY] {
            let long = task.secret(name)?.trim().len() >= SECRET_CHARS;
            ensure!(long, "the partner's {name} is shorter than {SECRET_CHARS} characters");
        }
        Ok(Prepared::Ready)
    }

    async fn submit(&self, task: &mut Task<'_>, files: &[PackageFile], intent: IntentId) -> Result<Submitted> {
        let content = content(task, files).await?;
        let run = task.machine().run;
        let value = serde_json::to_value(&content).context("write an item of a feed")?;
        let put = task.tools.store.feed_put(&task.job.claim, run, intent, &value).await?;
        put.context("another worker has this delivery by now")?;
        task.record("submit", json!({ "item": value }), json!({ "in_feed": true })).await?;
        Ok(Submitted::Accepted(receipt(task)))
    }

    async fn read_back(&self, task: &mut Task<'_>, _intent: IntentId) -> Result<ReadBack> {
        let (submission, run) = (task.job.submission.id, task.machine().run);
        Ok(match task.tools.store.feed_holds(&task.partner.id, submission, run).await? {
            true => ReadBack::Found(receipt(task)),
            false => ReadBack::Absent,
        })
    }

    async fn look(&self, task: &mut Task<'_>, _receipt: &Receipt) -> Result<Seen> {
        let (submission, run) = (task.job.submission.id, task.machine().run);
        let store = &task.tools.store;
        let Some(item) = store.feed_item(&task.partner.id, submission, run).await? else {
            return Ok(Seen::Unsure("it is not in the feed".to_owned()));
        };
        let content: Content = serde_json::from_value(item.content).context("read an item of a feed")?;
        let pulls = store.feed_pulls(&task.partner.id, submission, run).await?;
        let whole = |name: &str| pulls.iter().any(|pull| pull.file == name && pull.complete_at.is_some());
        let (fetched, all) = (content.files().filter(|file| whole(&file.name)).count(), content.files().count());
        if fetched < all {
            return Ok(Seen::InReview(format!("{fetched} of {all} files were fetched")));
        }
        task.record("fetched", json!({ "files": all }), json!({ "pulls": as_evidence(&pulls) })).await?;
        Ok(Seen::Live(None))
    }

    async fn take_back(&self, task: &mut Task<'_>, _receipt: Option<&Receipt>) -> Result<TakenBack> {
        let pulls = task.tools.store.feed_take_out(&task.job.claim).await?;
        let pulls = pulls.context("another worker has this delivery by now")?;
        task.record("take_back", json!({ "out_of_feed": true }), json!({ "pulls": as_evidence(&pulls) })).await?;
        // Each fetch wrote its row before its first byte, and none can begin any more.
        let Some(first) = pulls.first() else { return Ok(TakenBack::Gone) };
        Ok(TakenBack::Person(format!(
            "{} fetched {} of its files, first at {}: ask it to take the work down",
            task.partner.name.zh,
            pulls.len(),
            first.begun_at.to_rfc3339()
        )))
    }
}

/// The work's name at the partner: the item's guid.
fn receipt(task: &Task<'_>) -> Receipt {
    Receipt(format!("{}/{}", task.job.submission.id, task.machine().run))
}

/// Fetches as evidence.
fn as_evidence(pulls: &[Pull]) -> Vec<Value> {
    let pulls = pulls
        .iter()
        .map(|pull| json!({ "file": pull.file, "begun_at": pull.begun_at, "complete_at": pull.complete_at }));
    pulls.collect()
}
