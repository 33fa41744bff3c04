//! A partner: who receives the finished works, by which method, in which form. Its data is a file of the catalogue.
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Timelike, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{PartnerId, RenditionName};
use crate::lang::Lang;
use crate::screening::Aspect;

/// A name in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Name {
    /// The name in one language.
    pub fn text(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

/// The method of delivery. Each has one adapter in `publish/src/deliver/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryMethod {
    /// Bilibili's open platform.
    Bilibili,
    /// Douyin's open platform; an operator confirms the publishing.
    Douyin,
    /// A directory on the partner's SFTP server.
    SftpDrop,
    /// A prefix in the partner's bucket.
    S3Drop,
    /// A feed that the partner pulls.
    Mrss,
    /// A person uploads a bag of files on the partner's own pages.
    Operator,
}

impl DeliveryMethod {
    /// Every method.
    pub const ALL: [DeliveryMethod; 6] = [
        DeliveryMethod::Bilibili,
        DeliveryMethod::Douyin,
        DeliveryMethod::SftpDrop,
        DeliveryMethod::S3Drop,
        DeliveryMethod::Mrss,
        DeliveryMethod::Operator,
    ];

    /// The method's one name: catalogue value and metric label.
    pub fn name(self) -> &'static str {
        match self {
            DeliveryMethod::Bilibili => "bilibili",
            DeliveryMethod::Douyin => "douyin",
            DeliveryMethod::SftpDrop => "sftp_drop",
            DeliveryMethod::S3Drop => "s3_drop",
            DeliveryMethod::Mrss => "mrss",
            DeliveryMethod::Operator => "operator",
        }
    }

    /// How a partner with this method gets a new run's files, unless its file says otherwise.
    fn replacement(self) -> Replacement {
        match self {
            DeliveryMethod::Bilibili => Replacement::DeleteAndResubmit,
            DeliveryMethod::Douyin | DeliveryMethod::Operator => Replacement::ByOperator,
            DeliveryMethod::SftpDrop | DeliveryMethod::S3Drop => Replacement::ByNewFolder,
            DeliveryMethod::Mrss => Replacement::InPlace,
        }
    }
}

/// How a new run's files replace the old ones, and what is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replacement {
    /// The same address shows the new files: nothing is lost.
    InPlace,
    /// The old folder is removed and a new one is delivered; the partner ingests it again.
    ByNewFolder,
    /// Deleted there and submitted again: address, plays and comments are lost, and it is reviewed again.
    DeleteAndResubmit,
    /// A person removes the old one and submits the new one there, with the same losses.
    ByOperator,
    /// The present files stay for good.
    Never,
}

impl Replacement {
    /// Every way.
    pub const ALL: [Self; 5] =
        [Self::InPlace, Self::ByNewFolder, Self::DeleteAndResubmit, Self::ByOperator, Self::Never];

    /// The value with this name.
    pub fn called(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }

    /// Its one name, as in the catalogue.
    pub fn name(self) -> &'static str {
        match self {
            Replacement::InPlace => "in_place",
            Replacement::ByNewFolder => "by_new_folder",
            Replacement::DeleteAndResubmit => "delete_and_resubmit",
            Replacement::ByOperator => "by_operator",
            Replacement::Never => "never",
        }
    }

    /// What a person should know before ordering it.
    pub fn text(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Replacement::InPlace, Lang::En) => "the same place shows the new files",
            (Replacement::InPlace, Lang::Zh) => "原位置更新为新文件",
            (Replacement::ByNewFolder, Lang::En) => "the old folder is taken back and a new one dropped",
            (Replacement::ByNewFolder, Lang::Zh) => "收回旧目录，投递新目录",
            (Replacement::DeleteAndResubmit, Lang::En) => {
                "deleted and submitted again: loses plays, comments and address, and is reviewed again"
            }
            (Replacement::DeleteAndResubmit, Lang::Zh) => "删除后重新投放：播放量、评论和地址丢失，并重新审核",
            (Replacement::ByOperator, Lang::En) => {
                "a person takes it down and brings the new one: loses plays, comments and address"
            }
            (Replacement::ByOperator, Lang::Zh) => "由人工下架并重新发布：播放量、评论和地址丢失",
            (Replacement::Never, Lang::En) => "cannot be replaced: the partner keeps what it holds",
            (Replacement::Never, Lang::Zh) => "不能替换：对方保留现有文件",
        }
    }
}

impl fmt::Display for DeliveryMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How reliable the source of a limit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceTag {
    /// The platform's own document.
    O,
    /// A third party's contract that quotes it.
    C,
    /// Open-source code that does it.
    R,
    /// A secondary page.
    #[serde(rename = "2")]
    Secondary,
    /// Our assumption, until the partner's contract says otherwise.
    A,
}

/// A limit together with its source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sourced<T> {
    /// The limit itself.
    pub value: T,
    /// The reliability of the source.
    pub tag: SourceTag,
    /// The document or page.
    pub source: String,
    /// The day from which we regard it as valid.
    pub valid_from: NaiveDate,
}

/// The limits of a partner. A missing one is unknown. The unit is the last word of each name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest file, bytes.
    pub max_size_bytes: Option<Sourced<u64>>,
    /// Longest work, seconds.
    pub max_duration_s: Option<Sourced<u64>>,
    /// Calls a minute in the long run.
    pub calls_per_minute: Option<Sourced<u32>>,
    /// Longest side of the picture, pixels.
    pub max_side_pixels: Option<Sourced<u32>>,
    /// Highest bitrate of the picture, kbit/s.
    pub max_bitrate_kbps: Option<Sourced<u32>>,
    /// Highest bitrate of the sound, kbit/s.
    pub max_audio_bitrate_kbps: Option<Sourced<u32>>,
    /// Shortest title, characters.
    pub title_min_chars: Option<Sourced<u32>>,
    /// Longest title, characters.
    pub title_max_chars: Option<Sourced<u32>>,
    /// Longest description, characters.
    pub text_max_chars: Option<Sourced<u32>>,
    /// Most tags.
    pub tags_max: Option<Sourced<u32>>,
    /// All tags together, characters.
    pub tags_max_chars: Option<Sourced<u32>>,
}

/// A cover that a partner requires: a JPEG of one shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverWish {
    /// Its shape; a partner requires each shape once.
    pub aspect: Aspect,
    /// The best width, pixels: larger has no benefit there.
    pub width_pixels: u32,
    /// Smallest accepted width, pixels; 0 if no limit is known.
    #[serde(default)]
    pub min_width_pixels: u32,
    /// Smallest accepted height, pixels.
    #[serde(default)]
    pub min_height_pixels: u32,
    /// Largest file, bytes.
    #[serde(default)]
    pub max_bytes: Option<u64>,
    /// The reliability of the source.
    pub tag: SourceTag,
    /// The document or page.
    pub source: String,
    /// The day from which we regard it as valid.
    pub valid_from: NaiveDate,
}

/// The conditions under which this partner accepts a source's picture unchanged. All must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passthrough {
    /// H.264 profiles, by ffmpeg's names.
    pub profiles: Vec<String>,
    /// Highest H.264 level, times ten.
    pub max_level: u32,
    /// Longest side, pixels.
    pub max_side_pixels: u32,
    /// Highest constant frame rate, frames a second.
    pub max_frame_rate: u32,
    /// Highest bitrate of any second, kbit/s.
    pub max_peak_bitrate_kbps: u64,
    /// Longest distance between key frames, ms.
    pub max_key_frame_interval_ms: u64,
    /// Whether every GOP must be closed, so that players can start at every key frame.
    #[serde(default)]
    pub closed_gops: bool,
    /// The reliability of the source.
    pub tag: SourceTag,
    /// The document or page.
    pub source: String,
    /// The day from which we regard it as valid.
    pub valid_from: NaiveDate,
}

/// Hours of the day in which works are published, by the wall clock of Beijing (UTC+8, without summer time).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// First hour, 0 to 23.
    pub from_hour: u32,
    /// The hour at which it closes, 1 to 24; smaller than the first for a window over midnight.
    pub to_hour: u32,
}

impl Window {
    /// Time until it opens; `None` if it is open.
    pub fn opens_in(&self, now: DateTime<Utc>) -> Option<Duration> {
        const BEIJING_S: u32 = 8 * 3600;
        let second = (now.num_seconds_from_midnight() + BEIJING_S) % 86_400;
        let (from, to) = (self.from_hour * 3600, self.to_hour * 3600);
        let open = if from < to { (from..to).contains(&second) } else { second >= from || second < to };
        (!open).then(|| Duration::from_secs(((from + 86_400 - second) % 86_400).into()))
    }
}

/// A receiver of finished works.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Partner {
    /// The stem of its file.
    pub id: PartnerId,
    /// Its name for people.
    pub name: Name,
    /// The method of delivery.
    pub method: DeliveryMethod,
    /// The rungs of the ladder that it gets, best first.
    pub rungs: Vec<RenditionName>,
    /// Whether a work without sound gets a silent track; otherwise its file has none.
    pub silent_track: bool,
    /// Whether a metadata file in CableLabs ADI 1.1 is delivered with the work.
    pub adi_sidecar: bool,
    /// The conditions for passing the source's picture through as the first rung; `None` is never.
    pub passthrough: Option<Passthrough>,
    /// How its files can be replaced; `None` means the method's default.
    pub replace: Option<Sourced<Replacement>>,
    /// When works may be published there; `None` is at any time.
    pub window: Option<Window>,
    /// Hours within which a recall must be proven.
    pub recall_within_h: u32,
    /// Hosts of its own sites, such as `bilibili.com`; each includes its subdomains. Empty: not known.
    pub sites: Vec<String>,
    /// The covers that it requires, the most important first.
    pub covers: Vec<CoverWish>,
    /// Its limits.
    pub limits: Limits,
}

impl Partner {
    /// Whether an address at `host` can belong to it. True if its sites are not known.
    pub fn may_have_host(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let below = |site: &str| host.strip_suffix(site).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        self.sites.is_empty() || self.sites.iter().any(|site| below(site))
    }

    /// How its files can be replaced.
    pub fn replacement(&self) -> Replacement {
        self.replace.as_ref().map_or_else(|| self.method.replacement(), |replace| replace.value)
    }
}
