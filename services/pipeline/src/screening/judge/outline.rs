//! Rules that need only the outline of a work: format, length, size and shape.
use super::{broken, word};
use crate::lang::{self, Lang, decimal, shown};
use crate::media_info::Outline;
use crate::rejection::Rejection;
use crate::screening::rules::{AspectRule, DurationRule, FormatRule, MP4_BRANDS, ResolutionRule};
use crate::screening::value::{both, seconds};
use crate::screening::verdict::{Outcome, Rule, RuleVerdict};

pub(crate) fn format(outline: &Outline, rule: &FormatRule) -> RuleVerdict {
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

pub(crate) fn duration(outline: &Outline, rule: &DurationRule) -> RuleVerdict {
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

pub(crate) fn resolution(outline: &Outline, rule: &ResolutionRule) -> RuleVerdict {
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

pub(crate) fn aspect(outline: &Outline, rule: &AspectRule) -> RuleVerdict {
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
