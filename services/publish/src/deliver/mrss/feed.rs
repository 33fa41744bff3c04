//! The feed as a partner reads it: RSS 2.0 with Media RSS. Pure: a document from items.
use chrono::{DateTime, Utc};

use super::content::{Content, File, Video};
use super::link::Target;
use crate::xml::Xml;

/// A page of the feed.
pub(crate) struct Page<'a> {
    /// The feed's title.
    pub(crate) title: &'a str,
    /// Our public address, without a slash at its end.
    pub(crate) public_url: &'a str,
    /// This page's path and query.
    pub(crate) path: &'a str,
    /// The next page's, if there is one.
    pub(crate) next: Option<&'a str>,
    pub(crate) items: &'a [Item],
    /// The key that signs links.
    pub(crate) link_key: &'a [u8],
    pub(crate) now: DateTime<Utc>,
}

/// An item of the page.
pub(crate) struct Item {
    /// The owner of the files; its `file` is not used.
    pub(crate) target: Target,
    pub(crate) content: Content,
    pub(crate) since: DateTime<Utc>,
}

impl Page<'_> {
    /// The document.
    pub(crate) fn write(&self) -> String {
        let mut xml = Xml::new(None);
        let namespaces = [
            ("version", "2.0"),
            ("xmlns:media", "http://search.yahoo.com/mrss/"),
            ("xmlns:atom", "http://www.w3.org/2005/Atom"),
        ];
        xml.open("rss", &namespaces);
        xml.open("channel", &[]);
        xml.leaf("title", &[], self.title);
        xml.leaf("link", &[], self.public_url);
        xml.leaf("description", &[], self.title);
        xml.leaf("language", &[], "zh-CN");
        let address = |path: &str| format!("{}{path}", self.public_url);
        let own = [("rel", "self"), ("type", "application/rss+xml")];
        xml.empty("atom:link", &[own[0], own[1], ("href", &address(self.path))]);
        if let Some(next) = self.next {
            xml.empty("atom:link", &[("rel", "next"), own[1], ("href", &address(next))]);
        }
        for item in self.items {
            self.item(&mut xml, item);
        }
        xml.finish()
    }

    fn item(&self, xml: &mut Xml, item: &Item) {
        let Item { target, content, since } = item;
        xml.open("item", &[]);
        xml.leaf("title", &[], &content.title);
        xml.leaf("description", &[], &content.text);
        xml.leaf("category", &[], &content.category);
        xml.leaf("guid", &[("isPermaLink", "false")], &format!("{}/{}", target.submission, target.run));
        xml.leaf("pubDate", &[], &since.to_rfc2822());
        xml.leaf("media:copyright", &[], &content.copyright);
        if !content.tags.is_empty() {
            xml.leaf("media:keywords", &[], &content.tags.join(", "));
        }
        if !content.ai.is_empty() {
            xml.leaf("media:category", &[("scheme", "urn:gb:45438-2025:aigc")], &content.ai);
        }
        xml.open("media:group", &[]);
        for (index, video) in content.videos.iter().enumerate() {
            self.video(xml, target, video, index == 0);
        }
        xml.close();
        for cover in &content.covers {
            self.thumbnail(xml, target, &cover.file, (cover.width, cover.height));
        }
        xml.close();
    }

    fn video(&self, xml: &mut Xml, target: &Target, video: &Video, default: bool) {
        let milliseconds = video.duration_ms.max(1);
        xml.open(
            "media:content",
            &[
                ("url", &self.link(target, &video.file)),
                ("fileSize", &video.file.bytes.to_string()),
                ("type", "video/mp4"),
                ("medium", "video"),
                ("isDefault", if default { "true" } else { "false" }),
                ("expression", "full"),
                // Bits per millisecond are kilobits per second, which is the attribute's unit.
                ("bitrate", &(video.file.bytes * 8 / milliseconds).to_string()),
                ("framerate", &video.frame_rate),
                // Whole seconds, as the specification requires.
                ("duration", &video.duration_ms.div_ceil(1000).to_string()),
                ("height", &video.height.to_string()),
                ("width", &video.width.to_string()),
                ("lang", "zh"),
            ],
        );
        xml.leaf("media:hash", &[("algo", "sha-256")], &video.file.sha256);
        if let Some(cover) = &video.cover {
            self.thumbnail(xml, target, cover, (video.width, video.height));
        }
        xml.close();
    }

    fn thumbnail(&self, xml: &mut Xml, target: &Target, file: &File, (width, height): (u32, u32)) {
        let (width, height) = (width.to_string(), height.to_string());
        xml.empty("media:thumbnail", &[("url", &self.link(target, file)), ("width", &width), ("height", &height)]);
    }

    fn link(&self, target: &Target, file: &File) -> String {
        let target = Target { file: file.name.clone(), ..target.clone() };
        format!("{}{}", self.public_url, target.link(self.link_key, self.now))
    }
}

#[cfg(test)]
mod tests {
    use pipeline::id::SubmissionId;
    use uuid::Uuid;

    use super::super::content::Cover;
    use super::*;

    fn file(name: &str) -> File {
        File { name: name.into(), key: "secret/key".into(), bytes: 12_345_678, sha256: "ab".repeat(32) }
    }

    fn item(title: &str) -> Item {
        let partner = "china_com_cn".into();
        let target = Target { partner, submission: SubmissionId(Uuid::from_u128(9)), run: 1, file: String::new() };
        let video = Video {
            file: file("web-1080.mp4"),
            width: 1920,
            height: 1080,
            duration_ms: 61_040,
            frame_rate: "29.97".into(),
            cover: Some(file("web-1080.jpg")),
        };
        let content = Content {
            title: title.into(),
            text: "一部短片 <b>&".into(),
            tags: vec!["工业".into(), "绿色".into()],
            category: "绿色低碳".into(),
            copyright: "测试单位".into(),
            ai: String::new(),
            videos: vec![video],
            covers: vec![Cover { file: file("cover-16x9.jpg"), width: 1920, height: 1080 }],
        };
        Item { target, content, since: DateTime::from_timestamp(1_795_000_000, 0).unwrap() }
    }

    fn page(items: &[Item]) -> String {
        Page {
            title: "映工场 · 中国网",
            public_url: "https://reelmill.example",
            path: "/partners/china_com_cn/feed.xml",
            next: Some("/partners/china_com_cn/feed.xml?before=7"),
            items,
            link_key: b"key",
            now: DateTime::from_timestamp(1_795_000_100, 0).unwrap(),
        }
        .write()
    }

    #[test]
    fn a_work_is_offered_with_everything_that_a_partner_needs_to_fetch_and_check_it() {
        insta::assert_snapshot!(page(&[item("智造之光")]));
    }

    #[test]
    fn no_object_key_leaves_and_a_title_cannot_make_an_item() {
        let text = page(&[item("</title></item><item><guid>x</guid>")]);
        assert!(!text.contains("secret/key"));
        assert_eq!(text.matches("<item>").count(), 1);
    }

    #[test]
    fn an_item_offers_each_of_its_files() {
        let names: Vec<String> = item("x").content.files().map(|file| file.name.clone()).collect();
        assert_eq!(names, ["web-1080.mp4", "web-1080.jpg", "cover-16x9.jpg"]);
    }
}
