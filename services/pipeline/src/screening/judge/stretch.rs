//! Long stretches of black, of a still picture or of silence.
use super::{pass_or_warn, word};
use crate::lang::{self, Lang};
use crate::media_info::Stretch;
use crate::screening::rules::StretchRule;
use crate::screening::value::{at_most_seconds, seconds};
use crate::screening::verdict::{Rule, RuleVerdict};

/// The verdict on long stretches of something, in total.
pub(super) fn stretches(rule: Rule, found: &[Stretch], limit: StretchRule, (zh, en): (&str, &str)) -> RuleVerdict {
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
