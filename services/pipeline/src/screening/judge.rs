//! One function per rule: measure, compare, describe it in both languages. Comparisons are exact, in integers.
use super::rules::{AspectRule, DecodeErrorsRule, DurationRule, FormatRule};
use super::rules::{LoudnessRule, MP4_BRANDS, ResolutionRule, Severity, StretchRule};
use super::value::{Value, at_most_seconds, both, layout, seconds};
use super::verdict::{Outcome, Rule, RuleVerdict};
use crate::lang::{self, Lang, decimal, shown};
use crate::media_info::{FieldOrder, MediaInfo, Oddity, Outline, Stretch, Transfer};
use crate::rejection::Rejection;

/// Whether a new export of the same cut can fix a broken rule. Length, shape and content are in the cut itself.
fn is_curable(rule: Rule) -> bool {
    match rule {
        Rule::Format | Rule::Resolution | Rule::DecodeErrors | Rule::SoundLength | Rule::Structure => true,
        Rule::Loudness | Rule::Interlaced | Rule::Hdr | Rule::Sound | Rule::OtherTracks => true,
        Rule::Duration | Rule::Aspect | Rule::Black | Rule::Frozen | Rule::Silent | Rule::Duplicate => false,
    }
}

pub(super) fn word(
    rule: Rule,
    measured: impl Into<Value>,
    limit: impl Into<Value>,
    outcome: Outcome,
    zh: String,
    en: String,
) -> RuleVerdict {
    let (measured, limit) = (measured.into(), limit.into());
    RuleVerdict {
        rule,
        measured: measured.en,
        measured_zh: measured.zh,
        limit: limit.en,
        limit_zh: limit.zh,
        outcome,
        curable: is_curable(rule),
        zh,
        en,
        rejection: None,
        others: Vec::new(),
    }
}

pub(super) fn broken(
    rule: Rule,
    measured: impl Into<Value>,
    limit: impl Into<Value>,
    reason: Rejection,
) -> RuleVerdict {
    refused(word(rule, measured, limit, Outcome::Fail, String::new(), String::new()), reason)
}

/// The same verdict as a refusal for this reason.
fn refused(word: RuleVerdict, reason: Rejection) -> RuleVerdict {
    let (zh, en) = (reason.text(Lang::Zh), reason.text(Lang::En));
    RuleVerdict { outcome: Outcome::Fail, zh, en, rejection: Some(reason), ..word }
}

fn pass_or_warn(kept: bool) -> Outcome {
    if kept { Outcome::Pass } else { Outcome::Warn }
}

pub(super) fn format(outline: &Outline, rule: &FormatRule) -> RuleVerdict {
    let limit = rule.allowed.join(", ");
    // ISO/IEC 14496-12, 4.3: a reader that knows one of the compatible brands may play the file, whatever the major brand is.
    let known = |brand: &str| MP4_BRANDS.contains(&brand.trim_end());
    let is_mp4 = known(&outline.brand) || outline.compatible_brands.iter().any(|brand| known(brand));
    let found = found_format(outline, is_mp4);
    // Within the mp4 family the brands decide; every other format has no brands.
    let allowed = rule.allowed.contains(&outline.format) && (outline.format != "mp4" || is_mp4);
    if !allowed {
        return broken(Rule::Format, found.clone(), limit, Rejection::FormatNotAllowed { found });
    }
    let zh = format!("文件格式为 {found}，符合要求。");
    let en = format!("The format is {found}, as asked for.");
    word(Rule::Format, found, limit, Outcome::Pass, zh, en)
}

/// `mp4 (isom)`, `mov (qt)`, `matroska`; `iso (caqv)` for a file of the base format with no brand of mp4's.
fn found_format(outline: &Outline, is_mp4: bool) -> String {
    let format = if outline.format == "mp4" && !is_mp4 { "iso" } else { &outline.format };
    let (format, brand) = (shown(format), shown(outline.brand.trim_end()));
    if brand.is_empty() { format } else { format!("{format} ({brand})") }
}

pub(super) fn duration(outline: &Outline, rule: &DurationRule) -> RuleVerdict {
    // A work is as long as its picture is shown, so sound alone does not make a minute; and it ends when both have
    // ended, so sound alone can make it too long.
    let (picture_ms, whole_ms) = (outline.picture_ms, outline.duration_ms.max(outline.picture_ms));
    let limit = both(
        format!("{}至 {}", lang::duration(rule.min_ms, Lang::Zh), lang::duration(rule.max_ms, Lang::Zh)),
        format!("{}–{} s", decimal(rule.min_ms, 1000), decimal(rule.max_ms, 1000)),
    );
    if picture_ms.saturating_add(rule.tolerance_ms) < rule.min_ms {
        let reason = Rejection::TooShort { duration_ms: picture_ms, min_ms: rule.min_ms };
        return broken(Rule::Duration, seconds(picture_ms), limit, reason);
    }
    if whole_ms > rule.max_ms.saturating_add(rule.tolerance_ms) {
        let reason = Rejection::TooLong { duration_ms: whole_ms, max_ms: rule.max_ms };
        return broken(Rule::Duration, seconds(whole_ms), limit, reason);
    }
    let say =
        |lang| (lang::duration(whole_ms, lang), lang::duration(rule.min_ms, lang), lang::duration(rule.max_ms, lang));
    let (is, min, max) = say(Lang::Zh);
    let zh = format!("作品时长 {is}，符合 {min}至 {max}的要求。");
    let (is, min, max) = say(Lang::En);
    let en = format!("The work is {is} long; the contest takes {min} to {max}.");
    word(Rule::Duration, seconds(whole_ms), limit, Outcome::Pass, zh, en)
}

pub(super) fn resolution(outline: &Outline, rule: &ResolutionRule) -> RuleVerdict {
    let (width, height) = (outline.display_width, outline.display_height);
    let (short_side, min_short_side) = (width.min(height), rule.min_short_side);
    let measured = format!("{width}×{height}");
    let limit = both(format!("短边 ≥ {min_short_side}"), format!("≥ {min_short_side}"));
    if short_side < min_short_side {
        return broken(Rule::Resolution, measured, limit, Rejection::ResolutionTooLow { short_side, min_short_side });
    }
    let zh = format!("画面短边 {short_side} 像素，不低于 {min_short_side} 像素。");
    let en = format!("The picture's short side is {short_side} pixels; at least {min_short_side} are asked for.");
    word(Rule::Resolution, measured, limit, Outcome::Pass, zh, en)
}

pub(super) fn aspect(outline: &Outline, rule: &AspectRule) -> RuleVerdict {
    let (width, height) = (outline.display_width, outline.display_height);
    let (measured, per_mille) = (format!("{width}×{height}"), u64::from(rule.tolerance_per_mille));
    let names = |between| rule.allowed.iter().map(ToString::to_string).collect::<Vec<_>>().join(between);
    let within = decimal(per_mille, 10);
    let limit = both(format!("{}（误差 {within} % 以内）", names("、")), format!("{} ± {within} %", names(", ")));
    // |w/h ÷ W/H − 1| ≤ t  ⇔  |w·H − W·h| ≤ t·W·h, exactly.
    let kept = rule.allowed.iter().find(|aspect| {
        let (is, wanted) = (u64::from(width) * u64::from(aspect.height), u64::from(height) * u64::from(aspect.width));
        height > 0 && is.abs_diff(wanted) * 1000 <= wanted * per_mille
    });
    let Some(aspect) = kept else {
        return broken(Rule::Aspect, measured, limit, Rejection::AspectNotAllowed { width, height });
    };
    let zh = format!("画面显示尺寸 {width}×{height}，比例为 {aspect}，符合要求。");
    let en = format!("The picture is shown at {width}×{height}; that is {aspect}, as asked for.");
    word(Rule::Aspect, measured, limit, Outcome::Pass, zh, en)
}

pub(super) fn decode_errors(info: &MediaInfo, rule: &DecodeErrorsRule) -> RuleVerdict {
    let errors = info.decode_errors;
    let counted = |text: String| both(format!("{text} 处"), text);
    let (measured, limit) = (counted(errors.to_string()), counted(format!("≤ {}", rule.fail_above)));
    if errors > rule.fail_above {
        return broken(Rule::DecodeErrors, measured, limit, Rejection::damaged(errors));
    }
    let zh = match errors {
        0 => "文件完整，没有损坏。".to_owned(),
        _ => format!("文件有 {errors} 处损坏，允许不超过 {} 处。", rule.fail_above),
    };
    let en = format!("Errors while decoding: {errors}; at most {} are forgiven.", rule.fail_above);
    word(Rule::DecodeErrors, measured, limit, pass_or_warn(errors <= rule.warn_above), zh, en)
}

/// The verdict on a property that a contest may disallow; `None` if the contest ignores it.
pub(super) fn property(severity: Severity, absent: bool, word: RuleVerdict, reason: Rejection) -> Option<RuleVerdict> {
    match (severity, absent) {
        (Severity::Ignore, _) => None,
        (Severity::Warn | Severity::Fail, true) => Some(word),
        (Severity::Warn, false) => Some(RuleVerdict { outcome: Outcome::Warn, ..word }),
        (Severity::Fail, false) => Some(refused(word, reason)),
    }
}

pub(super) fn sound(info: &MediaInfo, severity: Severity) -> Option<RuleVerdict> {
    let audible = info.audio.as_ref().is_some_and(|audio| audio.loudness_lufs.is_some());
    let (measured, zh, en) = match &info.audio {
        Some(audio) if audible => (layout(&audio.layout), "作品有声音。", "The work has sound."),
        Some(_) => (both("静音", "silence"), "作品的声音全程静音。", "The work's sound is silent throughout."),
        None => (both("无", "none"), "作品没有声音。", "The work has no sound."),
    };
    let word = word(Rule::Sound, measured, both("有声音", "sound"), Outcome::Pass, zh.into(), en.into());
    property(severity, audible, word, Rejection::NoSound)
}

pub(super) fn sound_length(info: &MediaInfo, rule: StretchRule) -> Option<RuleVerdict> {
    let audio = info.audio.as_ref()?;
    let (picture, sound) = (info.video.duration_ms, audio.duration_ms);
    let apart = picture.abs_diff(sound);
    let say = |lang| (lang::duration(picture, lang), lang::duration(sound, lang));
    let (zh, en) = (say(Lang::Zh), say(Lang::En));
    let zh = format!("画面长 {}，声音长 {}。", zh.0, zh.1);
    let en = format!("The picture lasts {}, the sound {}.", en.0, en.1);
    let outcome = pass_or_warn(apart <= rule.warn_above_ms);
    let measured = both(format!("相差 {}", lang::duration(apart, Lang::Zh)), format!("{apart} ms"));
    let allowed = rule.warn_above_ms;
    let limit = both(format!("≤ {}", lang::duration(allowed, Lang::Zh)), format!("≤ {allowed} ms"));
    Some(word(Rule::SoundLength, measured, limit, outcome, zh, en))
}

pub(super) fn loudness(info: &MediaInfo, rule: LoudnessRule) -> Option<RuleVerdict> {
    let lufs = info.audio.as_ref()?.loudness_lufs?;
    let kept = (rule.min_lufs..=rule.max_lufs).contains(&lufs);
    let (min, max) = (rule.min_lufs, rule.max_lufs);
    let limit = both(format!("{min} 至 {max} LUFS"), format!("{min} to {max} LUFS"));
    let zh = format!("响度为 {lufs:.1} LUFS；交付时会统一调整响度。");
    let en = format!("The loudness is {lufs:.1} LUFS; it is evened out for each partner.");
    Some(word(Rule::Loudness, format!("{lufs:.1} LUFS"), limit, pass_or_warn(kept), zh, en))
}

pub(super) fn interlaced(info: &MediaInfo, severity: Severity) -> Option<RuleVerdict> {
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

pub(super) fn hdr(info: &MediaInfo, severity: Severity) -> Option<RuleVerdict> {
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

pub(super) fn structure(info: &MediaInfo, severity: Severity) -> Option<RuleVerdict> {
    if severity == Severity::Ignore {
        return None;
    }
    let codes: Vec<&str> = info.oddities.iter().map(Oddity::code).collect();
    let plain = both("正常", "plain");
    let measured = match codes.len() {
        0 => plain.clone(),
        n => both(format!("{n} 处异常"), codes.join(", ")),
    };
    let say = |lang: Lang| info.oddities.iter().map(|oddity| oddity.text(lang)).collect::<Vec<_>>();
    let (zh, en) = if codes.is_empty() {
        ("文件结构正常。".to_owned(), "The file's structure is as usual.".to_owned())
    } else {
        (say(Lang::Zh).concat(), say(Lang::En).join(" "))
    };
    Some(word(Rule::Structure, measured, plain, pass_or_warn(codes.is_empty()), zh, en))
}

pub(super) fn black(info: &MediaInfo, rule: StretchRule) -> RuleVerdict {
    stretches(Rule::Black, &info.video.black, rule, ("黑场", "Black picture"))
}

pub(super) fn frozen(info: &MediaInfo, rule: StretchRule) -> RuleVerdict {
    stretches(Rule::Frozen, &info.video.frozen, rule, ("静止画面", "Still picture"))
}

pub(super) fn silent(info: &MediaInfo, rule: StretchRule) -> Option<RuleVerdict> {
    Some(stretches(Rule::Silent, &info.audio.as_ref()?.silent, rule, ("静音", "Silence")))
}

fn stretches(rule: Rule, found: &[Stretch], limit: StretchRule, (zh, en): (&str, &str)) -> RuleVerdict {
    let total: u64 = found.iter().map(|stretch| stretch.end_ms.saturating_sub(stretch.start_ms)).sum();
    let longest = found.iter().max_by_key(|stretch| stretch.end_ms.saturating_sub(stretch.start_ms));
    let at = longest.map_or(0, |stretch| stretch.start_ms);
    let (zh, en) = if total == 0 {
        (format!("没有较长的{zh}。"), format!("{en}: no long stretch."))
    } else {
        let (zh_total, zh_at) = (lang::duration(total, Lang::Zh), lang::duration(at, Lang::Zh));
        let (en_total, en_at) = (lang::duration(total, Lang::En), lang::duration(at, Lang::En));
        (
            format!("{zh}共 {zh_total}，最长的一段始于 {zh_at}处。"),
            format!("{en}: {en_total} in all, the longest stretch begins at {en_at}."),
        )
    };
    let allowed = limit.warn_above_ms;
    word(rule, seconds(total), at_most_seconds(allowed), pass_or_warn(total <= allowed), zh, en)
}
