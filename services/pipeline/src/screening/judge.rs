//! One function per rule: measure, compare, describe it in both languages. Comparisons are exact, in integers. This file
//! has what the rules share; each group of rules has its own.
use super::rules::Severity;
use super::value::Value;
use super::verdict::{Outcome, Rule, RuleVerdict};
use crate::lang::Lang;
use crate::rejection::Rejection;

pub(super) use file::{decode_errors, structure};
pub(super) use outline::{aspect, duration, format, resolution};
pub(super) use picture::{black, frozen, hdr, interlaced};
pub(super) use sound::{loudness, silent, sound, sound_length};

mod file;
mod outline;
mod picture;
mod sound;
mod stretch;

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

/// The verdict on a property that a contest may disallow; `None` if the contest ignores it.
pub(super) fn property(severity: Severity, absent: bool, word: RuleVerdict, reason: Rejection) -> Option<RuleVerdict> {
    match (severity, absent) {
        (Severity::Ignore, _) => None,
        (Severity::Warn | Severity::Fail, true) => Some(word),
        (Severity::Warn, false) => Some(RuleVerdict { outcome: Outcome::Warn, ..word }),
        (Severity::Fail, false) => Some(refused(word, reason)),
    }
}
