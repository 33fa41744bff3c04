//! The problems that a partner may have with a work, as codes and sentences.
use serde::{Deserialize, Serialize};

use crate::id::RenditionName;
use crate::lang::Lang;

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
