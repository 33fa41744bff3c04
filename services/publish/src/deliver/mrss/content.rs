//! What the feed offers of one work, stored when the work is added to it.
use anyhow::{Context, Result, bail, ensure};
use pipeline::media_info::Ratio;
use runtime::store::files::renditions::RenditionRow;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::package::{self, PackageFile, Source};
use crate::task::Task;

/// A work as it was added to the feed. Stored with it, so that what a partner is offered does not change later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) tags: Vec<String>,
    pub(crate) category: String,
    pub(crate) copyright: String,
    /// `Label` texts of the AI declaration, or empty.
    pub(crate) ai: String,
    /// The renditions, best first.
    pub(crate) videos: Vec<Video>,
    /// Covers in the shapes that the partner requires.
    #[serde(default)]
    pub(crate) covers: Vec<Cover>,
}

/// One rendition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Video {
    pub(crate) file: File,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) duration_ms: u64,
    /// Such as `25` or `29.97`.
    pub(crate) frame_rate: String,
    pub(crate) cover: Option<File>,
}

/// A cover.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cover {
    pub(crate) file: File,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// One file that a link opens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct File {
    /// Its name in the link.
    pub(crate) name: String,
    /// Its object in our bucket.
    pub(crate) key: String,
    pub(crate) bytes: u64,
    /// Lower-case hex.
    pub(crate) sha256: String,
}

impl Content {
    /// Every file of the item. All of them fetched is the partner's receipt.
    pub(crate) fn files(&self) -> impl Iterator<Item = &File> {
        let films = self.videos.iter().flat_map(|video| [Some(&video.file), video.cover.as_ref()]).flatten();
        films.chain(self.covers.iter().map(|cover| &cover.file))
    }
}

/// The item: every rendition of the package with its measurements.
pub(super) async fn content(task: &Task<'_>, files: &[PackageFile]) -> Result<Content> {
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
