//! The kinds of rules, and the verdict of one of them.
use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::value;
use crate::fingerprint::Likeness;
use crate::id::SubmissionId;
use crate::lang::Lang;
use crate::rejection::Rejection;

/// A kind of rule. Its name is the key in the contest's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// mp4 by content.
    Format,
    /// The length of the work.
    Duration,
    /// The short side of the displayed picture.
    Resolution,
    /// The shape of the displayed picture.
    Aspect,
    /// Damage.
    DecodeErrors,
    /// Whether there is sound.
    Sound,
    /// Whether sound and picture have the same length.
    SoundLength,
    /// Integrated loudness of the sound.
    Loudness,
    /// Tracks of picture or sound that are not used.
    OtherTracks,
    /// Fields instead of frames.
    Interlaced,
    /// High dynamic range.
    Hdr,
    /// Black sections.
    Black,
    /// Frozen sections.
    Frozen,
    /// Silent sections.
    Silent,
    /// Oddities of the file's structure.
    Structure,
    /// Works that were entered before.
    Duplicate,
}

impl Rule {
    /// Its title in one language.
    pub fn title(self, lang: Lang) -> &'static str {
        let (zh, en) = match self {
            Rule::Format => ("文件格式", "Format"),
            Rule::Duration => ("时长", "Length"),
            Rule::Resolution => ("分辨率", "Resolution"),
            Rule::Aspect => ("画面比例", "Aspect"),
            Rule::DecodeErrors => ("文件完整性", "Damage"),
            Rule::Sound => ("声音", "Sound"),
            Rule::SoundLength => ("声画长度", "Length of the sound"),
            Rule::Loudness => ("响度", "Loudness"),
            Rule::OtherTracks => ("其他轨道", "Other tracks"),
            Rule::Interlaced => ("扫描方式", "Interlacing"),
            Rule::Hdr => ("动态范围", "Dynamic range"),
            Rule::Black => ("黑场", "Black picture"),
            Rule::Frozen => ("静止画面", "Still picture"),
            Rule::Silent => ("静音", "Silence"),
            Rule::Structure => ("文件结构", "File structure"),
            Rule::Duplicate => ("重复参选", "Duplicate"),
        };
        match lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }
}

/// The outcome of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Kept.
    Pass,
    /// Allowed, but a reviewer should look.
    Warn,
    /// Broken: the entry is refused.
    Fail,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 3] = [Outcome::Pass, Outcome::Warn, Outcome::Fail];

    /// Its one name.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Warn => "warn",
            Outcome::Fail => "fail",
        }
    }
}

/// The verdict of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleVerdict {
    /// The rule.
    pub rule: Rule,
    /// The measured value, in English.
    pub measured: String,
    /// The measured value, in Chinese. Missing if it is the same, and in verdicts of versions with English values only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_zh: Option<String>,
    /// The allowed value, in English.
    pub limit: String,
    /// The allowed value, in Chinese. Missing as above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_zh: Option<String>,
    /// The outcome.
    pub outcome: Outcome,
    /// Whether exporting the same cut again can fix it; if not, the work itself must change.
    pub curable: bool,
    /// The sentence in Chinese.
    pub zh: String,
    /// The sentence in English.
    pub en: String,
    /// Why the entry is refused, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// Other entries that it is about, for organisers only: the entrant must not learn whose they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Twin>,
}

impl RuleVerdict {
    /// The sentence in one language.
    pub fn text(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }

    /// The measured value, in one language.
    pub fn measured_in(&self, lang: Lang) -> Cow<'_, str> {
        value::in_language(lang, self.measured_zh.as_deref(), &self.measured)
    }

    /// The allowed value, in one language.
    pub fn limit_in(&self, lang: Lang) -> Cow<'_, str> {
        value::in_language(lang, self.limit_zh.as_deref(), &self.limit)
    }
}

/// Another entry of the contest that this one resembles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Twin {
    /// Its id.
    pub submission: SubmissionId,
    /// Whether it is the same file, byte for byte.
    #[serde(default)]
    pub same_file: bool,
    /// The similarity, and its ranges.
    #[serde(flatten)]
    pub likeness: Likeness,
}
