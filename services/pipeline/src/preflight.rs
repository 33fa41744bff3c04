//! Pre-flight: everything about a work that one partner does not accept, all at once, before anything is sent. Pure.
//!
//! Texts are counted in characters, a Chinese one being one, as on the partners' pages.
use serde::{Deserialize, Serialize};

use crate::id::RenditionName;
use crate::lang::Lang;
use crate::partner::Partner;
use crate::screening::Aspect;

/// The facts about a work on its way to one partner.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The renditions that the plan makes for the partner.
    pub wanted: Vec<RenditionName>,
    /// Those of them that are in force.
    pub renditions: Vec<RenditionFacts>,
    /// The covers that were made for the partner.
    pub covers: Vec<CoverFacts>,
    /// Title, description and tags as they would be sent.
    pub written: Written,
    /// Whether the entrant declared the work original.
    pub originality: bool,
    /// Whether the entrant declared to hold the rights.
    pub rights: bool,
    /// Whether the entrant declared if and how AI was used.
    pub ai_declared: bool,
    /// Whether the organisers released it to this partner.
    pub released: bool,
    /// Whether it is still wanted there: not withdrawn, revoked or recalled.
    pub wanted_live: bool,
}

/// Texts that an organiser wrote for one partner. Missing ones are taken from the entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Texts {
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub text: Option<String>,
    /// Tags.
    pub tags: Option<Vec<String>>,
}

/// The texts of a work at a partner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Title.
    pub title: String,
    /// Description.
    pub text: String,
    /// Tags.
    pub tags: Vec<String>,
}

impl Written {
    /// An organiser's texts for the partner, else the entry's own; the tag of an entry is its theme's name.
    pub fn of(own: Option<&Texts>, title: &str, synopsis: &str, theme: &str) -> Self {
        let own = own.cloned().unwrap_or_default();
        Self {
            title: own.title.unwrap_or_else(|| title.to_owned()),
            text: own.text.unwrap_or_else(|| synopsis.to_owned()),
            tags: own.tags.unwrap_or_else(|| vec![theme.to_owned()]),
        }
    }
}

/// One finished file.
#[derive(Clone, Debug)]
pub struct RenditionFacts {
    /// Its name in the plan.
    pub name: RenditionName,
    /// Size in bytes.
    pub bytes: u64,
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Whether it was checked and every check passed.
    pub passed_qc: bool,
}

/// One cover that was made for the partner.
#[derive(Clone, Debug)]
pub struct CoverFacts {
    /// The shape that it was made for.
    pub aspect: Aspect,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Size in bytes.
    pub bytes: u64,
}

/// The kind of problem. The serialized name is the stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the table below says it, in the words that people read")]
pub enum Problem {
    RenditionMissing,
    QcNotPassed,
    TooLarge,
    TooLong,
    PictureTooLarge,
    BitrateTooHigh,
    CoverMissing,
    CoverTooLarge,
    CoverTooSmall,
    CoverMisshapen,
    TitleTooShort,
    TitleTooLong,
    TextTooLong,
    TooManyTags,
    TagsTooLong,
    OriginalityNotDeclared,
    RightsNotDeclared,
    AiNotDeclared,
    NotReleased,
    TakenBack,
}

/// One reason why a work may not be sent to a partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind of problem.
    pub problem: Problem,
    /// The rendition, if it is about one.
    pub rendition: Option<RenditionName>,
    /// What was measured, with its unit.
    pub measured: String,
    /// The partner's limit.
    pub limit: String,
}

impl Problem {
    /// The stable code.
    pub fn code(self) -> &'static str {
        self.row().0
    }

    #[rustfmt::skip]
    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Problem::RenditionMissing => ("rendition_missing", "缺少成片", "a rendition is not in force"),
            Problem::QcNotPassed => ("qc_not_passed", "成片未通过质检", "a rendition did not pass quality control"),
            Problem::TooLarge => ("too_large", "文件超过平台大小上限", "the file is larger than the partner takes"),
            Problem::TooLong => ("too_long", "时长超过平台上限", "the work is longer than the partner takes"),
            Problem::PictureTooLarge => ("picture_too_large", "画面尺寸超过平台上限", "the picture is larger than the partner takes"),
            Problem::BitrateTooHigh => ("bitrate_too_high", "码率超过平台上限", "the bitrate is higher than the partner takes"),
            Problem::CoverMissing => ("cover_missing", "缺少封面", "there is no cover"),
            Problem::CoverTooLarge => ("cover_too_large", "封面文件超过平台大小上限", "the cover's file is larger than the partner takes"),
            Problem::CoverTooSmall => ("cover_too_small", "封面尺寸低于平台要求", "the cover is smaller than the partner takes"),
            Problem::CoverMisshapen => ("cover_misshapen", "封面比例不符合平台要求", "the cover has not the shape that the partner asks for"),
            Problem::TitleTooShort => ("title_too_short", "标题字数不足", "the title is too short"),
            Problem::TitleTooLong => ("title_too_long", "标题字数超过平台上限", "the title is too long"),
            Problem::TextTooLong => ("text_too_long", "简介字数超过平台上限", "the description is too long"),
            Problem::TooManyTags => ("too_many_tags", "标签个数超过平台上限", "there are too many tags"),
            Problem::TagsTooLong => ("tags_too_long", "标签总字数超过平台上限", "the tags are too long together"),
            Problem::OriginalityNotDeclared => ("originality_not_declared", "未声明原创", "originality is not declared"),
            Problem::RightsNotDeclared => ("rights_not_declared", "未声明版权", "the rights are not declared"),
            Problem::AiNotDeclared => ("ai_not_declared", "未声明是否使用人工智能生成", "the use of AI is not declared"),
            Problem::NotReleased => ("not_released", "尚未批准向该平台发布", "it is not released to the partner"),
            Problem::TakenBack => ("taken_back", "作品已撤回", "the work was taken back"),
        }
    }
}

impl Failure {
    /// One sentence for a person.
    pub fn text(&self, lang: Lang) -> String {
        let (_, zh, en) = self.problem.row();
        let about = self.rendition.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        match (lang, self.limit.is_empty()) {
            (Lang::Zh, true) => format!("{zh}{about}"),
            (Lang::En, true) => format!("{en}{about}"),
            (Lang::Zh, false) => format!("{zh}{about}：{}，要求 {}", self.measured, self.limit),
            (Lang::En, false) => format!("{en}{about}: {}, limit {}", self.measured, self.limit),
        }
    }
}

/// All reasons in one text, code first, in Chinese and English.
pub fn listed(failures: &[Failure]) -> String {
    let texts =
        failures.iter().map(|it| format!("{}: {} / {}", it.problem.code(), it.text(Lang::Zh), it.text(Lang::En)));
    texts.collect::<Vec<_>>().join("; ")
}

/// All reasons against sending this work to this partner; empty if there are none.
pub fn check(partner: &Partner, facts: &Facts) -> Vec<Failure> {
    let mut found = Found(Vec::new());
    found.unless(facts.wanted_live, Problem::TakenBack);
    found.unless(facts.released, Problem::NotReleased);
    found.unless(facts.originality, Problem::OriginalityNotDeclared);
    found.unless(facts.rights, Problem::RightsNotDeclared);
    found.unless(facts.ai_declared, Problem::AiNotDeclared);
    for name in &facts.wanted {
        if !facts.renditions.iter().any(|made| made.name == *name) {
            found.add(Problem::RenditionMissing, Some(name), "", "");
        }
    }
    found.unless(!facts.wanted.is_empty(), Problem::RenditionMissing);
    for made in &facts.renditions {
        check_rendition(partner, made, &mut found);
    }
    check_covers(partner, facts, &mut found);
    found.0.extend(check_written(partner, &facts.written));
    found.0
}

fn check_rendition(partner: &Partner, made: &RenditionFacts, found: &mut Found) {
    let (limits, name) = (&partner.limits, Some(&made.name));
    if !made.passed_qc {
        found.add(Problem::QcNotPassed, name, "", "");
    }
    let at_most = [
        (Problem::TooLarge, made.bytes, limits.max_size_bytes.as_ref().map(|it| it.value), "B"),
        (Problem::TooLong, made.duration_ms.div_ceil(1000), limits.max_duration_s.as_ref().map(|it| it.value), "s"),
        (
            Problem::PictureTooLarge,
            made.width.max(made.height).into(),
            limits.max_side_pixels.as_ref().map(|it| it.value.into()),
            "px",
        ),
        (
            Problem::BitrateTooHigh,
            made.bytes.saturating_mul(8) / made.duration_ms.max(1),
            limits.max_bitrate_kbps.as_ref().map(|it| it.value.into()),
            "kbit/s",
        ),
    ];
    for (problem, measured, limit, unit) in at_most {
        if let Some(limit) = limit.filter(|limit| measured > *limit) {
            found.add(problem, name, &format!("{measured} {unit}"), &format!("≤ {limit} {unit}"));
        }
    }
}

/// Each shape that the partner requires must exist, and be within its limits.
fn check_covers(partner: &Partner, facts: &Facts, found: &mut Found) {
    // For a work without a rendition, the missing rendition is already reported.
    let wishes = if facts.renditions.is_empty() { &[] } else { &partner.covers[..] };
    for wish in wishes {
        let Some(cover) = facts.covers.iter().find(|cover| cover.aspect == wish.aspect) else {
            found.add(Problem::CoverMissing, None, "0", &wish.aspect.to_string());
            continue;
        };
        if let Some(limit) = wish.max_bytes.filter(|limit| cover.bytes > *limit) {
            found.add(Problem::CoverTooLarge, None, &format!("{} B", cover.bytes), &format!("≤ {limit} B"));
        }
        let measured = format!("{}×{} px", cover.width, cover.height);
        if cover.width < wish.min_width_pixels || cover.height < wish.min_height_pixels {
            let least = format!("≥ {}×{} px", wish.min_width_pixels, wish.min_height_pixels);
            found.add(Problem::CoverTooSmall, None, &measured, &least);
        }
        if !wish.aspect.fits(cover.width, cover.height) {
            found.add(Problem::CoverMisshapen, None, &measured, &wish.aspect.to_string());
        }
    }
}

/// What the partner does not accept of these texts. Needs no film, so it can be checked when the form is entered.
pub fn check_written(partner: &Partner, written: &Written) -> Vec<Failure> {
    let mut found = Found(Vec::new());
    let limits = &partner.limits;
    let (title, text) = (chars(&written.title), chars(&written.text));
    let all_tags = written.tags.iter().map(|tag| chars(tag)).sum::<u32>();
    let tags = u32::try_from(written.tags.len()).unwrap_or(u32::MAX);
    let least = limits.title_min_chars.as_ref().map_or(1, |it| it.value.max(1));
    if title < least {
        found.add(Problem::TitleTooShort, None, &title.to_string(), &format!("≥ {least}"));
    }
    for (problem, measured, limit) in [
        (Problem::TitleTooLong, title, &limits.title_max_chars),
        (Problem::TextTooLong, text, &limits.text_max_chars),
        (Problem::TooManyTags, tags, &limits.tags_max),
        (Problem::TagsTooLong, all_tags, &limits.tags_max_chars),
    ] {
        if let Some(limit) = limit.as_ref().filter(|limit| measured > limit.value) {
            found.add(problem, None, &measured.to_string(), &format!("≤ {}", limit.value));
        }
    }
    found.0
}

/// Characters as a person counts them: each Unicode scalar except those that only join or modify.
pub fn chars(text: &str) -> u32 {
    let counted =
        text.trim().chars().filter(|c| !matches!(c, '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'));
    u32::try_from(counted.count()).unwrap_or(u32::MAX)
}

struct Found(Vec<Failure>);

impl Found {
    fn add(&mut self, problem: Problem, rendition: Option<&RenditionName>, measured: &str, limit: &str) {
        let failure =
            Failure { problem, rendition: rendition.cloned(), measured: measured.to_owned(), limit: limit.to_owned() };
        self.0.push(failure);
    }

    fn unless(&mut self, holds: bool, problem: Problem) {
        if !holds {
            self.add(problem, None, "", "");
        }
    }
}

#[cfg(test)]
mod tests;
