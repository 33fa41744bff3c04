//! Rules about the picture.
use super::stretch::stretches;
use super::{property, word};
use crate::media_info::{FieldOrder, MediaInfo, Transfer};
use crate::rejection::Rejection;
use crate::screening::rules::{Severity, StretchRule};
use crate::screening::value::both;
use crate::screening::verdict::{Outcome, Rule, RuleVerdict};

pub(crate) fn interlaced(info: &MediaInfo, severity: Severity) -> Option<RuleVerdict> {
    let (measured, progressive) = match info.video.field_order {
        FieldOrder::Progressive => (both("逐行", "progressive"), true),
        FieldOrder::TopFirst => (both("隔行，上场优先", "top field first"), false),
        FieldOrder::BottomFirst => (both("隔行，下场优先", "bottom field first"), false),
    };
    let (zh, en) = if progressive {
        ("画面为逐行扫描。", "The picture is progressive.")
    } else {
        ("画面为隔行扫描，处理时将去隔行。", "The picture is interlaced; it will be deinterlaced.")
    };
    let limit = both("逐行", "progressive");
    let word = word(Rule::Interlaced, measured, limit, Outcome::Pass, zh.into(), en.into());
    property(severity, progressive, word, Rejection::Interlaced)
}

pub(crate) fn hdr(info: &MediaInfo, severity: Severity) -> Option<RuleVerdict> {
    let (measured, sdr) = match info.video.colour.transfer {
        Transfer::Sdr => ("SDR", true),
        Transfer::Pq => ("HDR (PQ)", false),
        Transfer::Hlg => ("HDR (HLG)", false),
    };
    let (zh, en) = if sdr {
        ("画面为标准动态范围。".to_owned(), "The picture has standard dynamic range.".to_owned())
    } else {
        (
            format!("画面为 {measured}，将转换为 SDR。"),
            format!("The picture is {measured}; it will be converted to SDR."),
        )
    };
    let word = word(Rule::Hdr, measured, "SDR", Outcome::Pass, zh, en);
    property(severity, sdr, word, Rejection::HighDynamicRange)
}

pub(crate) fn black(info: &MediaInfo, rule: StretchRule) -> RuleVerdict {
    stretches(Rule::Black, &info.video.black, rule, ("黑场", "Black picture"))
}

pub(crate) fn frozen(info: &MediaInfo, rule: StretchRule) -> RuleVerdict {
    stretches(Rule::Frozen, &info.video.frozen, rule, ("静止画面", "Still picture"))
}
