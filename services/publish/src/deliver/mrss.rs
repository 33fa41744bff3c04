//! A feed that the partner pulls: the work is added to it, links open its files, and every file fetched completely is
//! the receipt.
//!
//! | what | file |
//! |---|---|
//! | the document | `feed` |
//! | links that expire | `link` |
//! | the routes, and the feed | `serve` |
//! | who may read it | `access` |
//! | a file, and its transfer | `file`, `transfer` |
//!
//! The partner's pages are its own: a fetched work is live without a public address. A work that was never fetched
//! cannot be there, so its removal from the feed is a proven recall; of a fetched work only a person can say that it is
//! gone.
use anyhow::{Context, Result, bail, ensure};
use pipeline::delivery::{IntentId, Receipt};
use pipeline::media_info::Ratio;
use runtime::store::feed::Pull;
use runtime::store::renditions::RenditionRow;
use serde_json::{Value, json};

use super::{Prepared, ReadBack, Seen, Submitted, TakenBack, Way};
use crate::package::{self, PackageFile, Source};
use crate::task::Task;

pub(crate) mod access;
mod feed;
mod file;
mod link;
pub(crate) mod serve;
mod transfer;

use access::{LINK_KEY, SECRET_CHARS, TOKEN};
use feed::{Content, Cover, File, Video};

/// A feed that the partner pulls.
pub(crate) struct Mrss;

impl Way for Mrss {
    async fn prepare(&self, task: &mut Task<'_>, _files: &[PackageFile]) -> Result<Prepared> {
        for name in [TOKEN, LINK_KEY] {
            let long = task.secret(name)?.trim().len() >= SECRET_CHARS;
            ensure!(long, "the partner's {name} is shorter than {} characters", SECRET_CHARS);
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

/// The item: every rendition of the package with its measurements.
async fn content(task: &Task<'_>, files: &[PackageFile]) -> Result<Content> {
    let work = &task.job.submission;
    let rows = task.tools.store.renditions(work.id).await?;
    let plan = work.plan.as_ref().context("the submission has no plan")?;
    let mut videos = Vec::new();
    // In the package's order, which is the partner's: best first.
    for file in files {
        let Some(row) = rows.iter().find(|row| row.rendition.video.sha256 == file.sha256) else { continue };
        let cover = row.rendition.cover.as_ref();
        let cover = cover.and_then(|cover| files.iter().find(|file| file.sha256 == cover.sha256));
        videos.push(Video {
            file: offered(file)?,
            width: row.rendition.width,
            height: row.rendition.height,
            duration_ms: row.rendition.duration_ms,
            frame_rate: decimal(plan.picture.frame_rate),
            cover: cover.map(offered).transpose()?,
        });
    }
    ensure!(!videos.is_empty(), "the package of {} holds no rendition that is in force", work.id);
    let rows: Vec<&RenditionRow> = rows.iter().collect();
    let mut covers = Vec::new();
    for cover in package::covers(&task.partner.id, &rows) {
        let Some(file) = files.iter().find(|file| file.sha256 == cover.file.sha256) else { continue };
        covers.push(Cover { file: offered(file)?, width: cover.width, height: cover.height });
    }
    let contest = task.tools.catalogue.contest(&work.contest);
    let contest = contest.map_or("Reelmill", |contest| &contest.name.zh);
    let unit = work.recommending_unit.trim();
    let texts = task.texts();
    let ai = work.declarations.get("ai_use").and_then(Value::as_str).filter(|ai| *ai != "none");
    Ok(Content {
        title: texts.title,
        text: texts.text,
        tags: texts.tags,
        category: task.theme(),
        copyright: format!("{}（{contest}）", if unit.is_empty() { "作者授权发布" } else { unit }),
        ai: ai.unwrap_or_default().to_owned(),
        videos,
        covers,
    })
}

fn offered(file: &PackageFile) -> Result<File> {
    let Source::Stored(key) = &file.source else { bail!("{} is no stored file", file.name) };
    Ok(File { name: file.name.to_string(), key: key.clone(), bytes: file.bytes, sha256: file.sha256.clone() })
}

/// At most three digits after the decimal point, as readers of feeds expect: 25, 29.97, 23.976.
fn decimal(rate: Ratio) -> String {
    let text = format!("{:.3}", rate.value());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_rates_are_written_as_people_say_them() {
        for (num, den, said) in [(25, 1, "25"), (30_000, 1001, "29.97"), (24_000, 1001, "23.976"), (60, 1, "60")] {
            assert_eq!(decimal(Ratio::new(num, den)), said);
        }
    }
}
