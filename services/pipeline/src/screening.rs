//! Screening: is this entry allowed? A pure function of the measurements and the contest's rules; the verdict has the
//! outcome of every rule.
use serde::{Deserialize, Serialize};

use crate::media_info::{MediaInfo, Outline};
use crate::rejection::Rejection;

mod asks;
mod cures;
mod duplicate;
mod judge;
mod other_tracks;
mod rules;
mod value;
mod verdict;

pub use asks::Ask;
pub use rules::{Aspect, AspectRule, ContestRules, DecodeErrorsRule, DuplicateRule, DurationRule, FormatRule};
pub use rules::{LoudnessRule, ResolutionRule, Severity, StretchRule};
pub use verdict::{Outcome, Rule, RuleVerdict, Twin};

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
