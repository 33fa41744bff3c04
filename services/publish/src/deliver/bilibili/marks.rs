//! The marks by which a work's archive is found again: our line at the end of its description, or its title together with
//! its cover.
use anyhow::Result;
use serde_json::Value;

use super::upload;
use crate::task::Task;

/// Longest description, characters [C].
const DESC_CHARS: usize = 250;

/// The line that identifies a submission as this work's and run's: the random end of the work's id suffices.
pub(super) fn line_of(task: &Task<'_>) -> String {
    let id = task.job.submission.id.0.simple().to_string();
    format!("作品编号 {}-{}", &id[20..], task.machine().run)
}

/// A text with the line at its end. The catalogue's limit leaves room for the line; a longer text is cut, but never the
/// line.
pub(super) fn described(text: &str, line: &str) -> String {
    let room = DESC_CHARS.saturating_sub(line.chars().count() + 1);
    let text: String = text.trim_end().chars().take(room).collect();
    if text.is_empty() { line.to_owned() } else { format!("{text}\n{line}") }
}

/// Whether an archive's description ends with our line.
fn has_line(archive: &Value, line: &str) -> bool {
    archive["desc"].as_str().and_then(|desc| desc.trim_end().lines().last()).is_some_and(|last| last.trim() == line)
}

/// The marks that identify an archive as this work's and run's.
pub(super) struct Marks {
    line: String,
    title: String,
    /// Address of this upload's cover, while it is known.
    cover: Option<String>,
}

impl Marks {
    pub(super) async fn of(task: &Task<'_>) -> Result<Self> {
        let session = task.session::<upload::Session>().await?;
        let cover = session.map(|session| session.cover).filter(|cover| !cover.is_empty());
        Ok(Self { line: line_of(task), title: task.texts().title, cover })
    }

    pub(super) fn are_on(&self, archive: &Value) -> bool {
        let bare = |url: &str| url.split_once("://").map_or(url, |(_, rest)| rest).to_owned();
        let same_cover =
            self.cover.as_deref().is_some_and(|ours| archive["cover"].as_str().map(bare) == Some(bare(ours)));
        has_line(archive, &self.line) || (same_cover && archive["title"].as_str() == Some(&self.title))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_line_is_never_cut() {
        let line = "作品编号 0f3a91c2d4e5-1";
        assert_eq!(described("", line), line);
        assert_eq!(described("简介\n", line), format!("简介\n{line}"));
        let long = described(&"长".repeat(300), line);
        assert_eq!(long.chars().count(), DESC_CHARS);
        assert!(has_line(&json!({ "desc": long }), line));
        assert!(!has_line(&json!({ "desc": format!("{line}0") }), line));
        assert!(!has_line(&json!({ "desc": format!("{line}\nmore") }), line));
    }

    #[test]
    fn an_archive_is_ours_by_its_line_or_by_title_and_cover_together() {
        let cover = Some("https://i.example/1.jpg".to_owned());
        let marks = Marks { line: "作品编号 0f3a91c2d4e5-1".to_owned(), title: "片名".to_owned(), cover };
        let archive = |desc: &str, title: &str, cover: &str| json!({ "desc": desc, "title": title, "cover": cover });
        assert!(marks.are_on(&archive("简介\n作品编号 0f3a91c2d4e5-1", "改过的片名", "")));
        assert!(marks.are_on(&archive("改过的简介", "片名", "http://i.example/1.jpg")));
        assert!(!marks.are_on(&archive("简介", "片名", "https://i.example/2.jpg")));
        assert!(!marks.are_on(&archive("简介", "别的片名", "https://i.example/1.jpg")));
        assert!(!Marks { cover: None, ..marks }.are_on(&archive("简介", "片名", "")));
    }
}
