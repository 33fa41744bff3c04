//! Screening: is this entry allowed? A pure function of the measurements and the contest's rules; the verdict has the
//! outcome of every rule.
use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::lang::Lang;
use crate::media_info::{MediaInfo, Outline};
use crate::rejection::Rejection;

mod asks;
mod cures;
mod duplicate;
mod judge;
mod other_tracks;
mod rules;
mod value;

pub use asks::Ask;
pub use duplicate::Twin;
pub use rules::{Aspect, AspectRule, ContestRules, DecodeErrorsRule, DuplicateRule, DurationRule, FormatRule};
pub use rules::{LoudnessRule, ResolutionRule, Severity, StretchRule};

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

    /// What an entrant should do if a film breaks the rule, or a reviewer should check; `None` if nothing has to be
    /// done to the file.
    pub fn cure(self, lang: Lang) -> Option<&'static str> {
        let (zh, en) = cures::of(self)?;
        Some(if lang == Lang::Zh { zh } else { en })
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

/// The verdict of screening: one outcome for each of the contest's rules, in the order in which they are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Every rule of the contest, kept or not.
    pub rules: Vec<RuleVerdict>,
}

impl Verdict {
    /// The worst of all rules.
    pub fn outcome(&self) -> Outcome {
        self.rules.iter().map(|rule| rule.outcome).max().unwrap_or(Outcome::Pass)
    }

    /// Why the entry is refused: the first broken rule's reason. `None` if it passes.
    pub fn rejection(&self) -> Option<Rejection> {
        self.rules.iter().find_map(|rule| rule.rejection.clone())
    }

    /// Whether a person must accept the entry, whatever the contest's gates: it looks or sounds like another one.
    pub fn asks_for_review(&self) -> bool {
        self.rules.iter().any(|rule| rule.rule == Rule::Duplicate && rule.outcome == Outcome::Warn)
    }

    /// The rules that a reviewer should look at.
    pub fn warnings(&self) -> impl Iterator<Item = &RuleVerdict> {
        self.rules.iter().filter(|rule| rule.outcome == Outcome::Warn)
    }
}

/// Judges the rules that need no decoding, by the file's headers. It shows entrants the probable verdict within
/// seconds, and decides nothing: headers are not trusted.
pub fn first_look(outline: &Outline, rules: &ContestRules) -> Verdict {
    let words = [
        rules.format.as_ref().map(|rule| judge::format(outline, rule)),
        rules.duration.as_ref().map(|rule| judge::duration(outline, rule)),
        rules.resolution.as_ref().map(|rule| judge::resolution(outline, rule)),
        rules.aspect.as_ref().map(|rule| judge::aspect(outline, rule)),
    ];
    Verdict { rules: words.into_iter().flatten().collect() }
}

/// Judges an entry. A rule that the contest does not have is not judged and not listed.
pub fn screen(info: &MediaInfo, rules: &ContestRules) -> Verdict {
    let mut verdict = first_look(&info.outline(), rules);
    let words = [
        rules.decode_errors.as_ref().map(|rule| judge::decode_errors(info, rule)),
        rules.sound.and_then(|severity| judge::sound(info, severity)),
        rules.sound_length.and_then(|rule| judge::sound_length(info, rule)),
        rules.loudness.and_then(|rule| judge::loudness(info, rule)),
        other_tracks::judge(info, rules.other_tracks),
        rules.interlaced.and_then(|severity| judge::interlaced(info, severity)),
        rules.hdr.and_then(|severity| judge::hdr(info, severity)),
        rules.black.map(|rule| judge::black(info, rule)),
        rules.frozen.map(|rule| judge::frozen(info, rule)),
        rules.silent.and_then(|rule| judge::silent(info, rule)),
        rules.structure.and_then(|severity| judge::structure(info, severity)),
    ];
    verdict.rules.extend(words.into_iter().flatten());
    verdict
}

/// Judges an entry among the accepted works of its contest: as [`screen`], and whether it was entered before. `twins`
/// are the entries that it resembles.
pub fn screen_among(info: &MediaInfo, twins: Vec<Twin>, rules: &ContestRules) -> Verdict {
    let mut verdict = screen(info, rules);
    verdict.rules.extend(rules.duplicate.map(|rule| duplicate::judge(twins, rule)));
    verdict
}

#[cfg(test)]
mod tests;
