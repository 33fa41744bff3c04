//! The rule that a work is entered once: the consequences if an entry resembles others.
use super::judge::{broken, word};
use super::rules::DuplicateRule;
use super::value::both;
use super::verdict::{Outcome, Rule, RuleVerdict, Twin};
use crate::fingerprint::Match;
use crate::rejection::Rejection;

/// At most this many entries are kept as evidence; the most similar ones.
const MOST: usize = 5;

impl Twin {
    fn percent(&self) -> (u32, u32) {
        let covered = |found: &Option<Match>| found.as_ref().map_or(0, |found| found.covered_percent);
        (covered(&self.likeness.picture), covered(&self.likeness.sound))
    }
}

pub(super) fn judge(mut twins: Vec<Twin>, rule: DuplicateRule) -> RuleVerdict {
    twins.retain(|twin| {
        let (picture, sound) = twin.percent();
        twin.same_file || picture >= rule.picture_percent || sound >= rule.sound_percent
    });
    twins.sort_by_key(|twin| {
        let (picture, sound) = twin.percent();
        (std::cmp::Reverse((twin.same_file, picture.max(sound), picture + sound)), twin.submission)
    });
    twins.truncate(MOST);
    let limit = both(
        format!("画面 < {} %，声音 < {} %", rule.picture_percent, rule.sound_percent),
        format!("picture < {} %, sound < {} %", rule.picture_percent, rule.sound_percent),
    );
    let Some(most) = twins.first() else {
        let zh = "未发现与本次征选其他作品重复。".into();
        let en = "It resembles no other entry of the contest.".into();
        return word(Rule::Duplicate, both("无", "none"), limit, Outcome::Pass, zh, en);
    };
    let (picture, sound) = most.percent();
    if most.same_file {
        let measured = both("同一文件", "the same file");
        let verdict = broken(Rule::Duplicate, measured, limit, Rejection::AlreadyEntered);
        return RuleVerdict { others: twins, ..verdict };
    }
    let measured = both(format!("画面 {picture} %，声音 {sound} %"), format!("picture {picture} %, sound {sound} %"));
    let zh =
        format!("与本次征选的另一件作品相似：较短一件的画面有 {picture} %、声音有 {sound} % 相同；将由工作人员核对。");
    let en = format!(
        "It resembles another entry of the contest: {picture} % of the shorter one's picture and {sound} % of its sound \
         are the same. A person will look at it."
    );
    RuleVerdict { others: twins, ..word(Rule::Duplicate, measured, limit, Outcome::Warn, zh, en) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Likeness;
    use crate::id::SubmissionId;
    use crate::lang::Lang;

    const RULE: DuplicateRule = DuplicateRule { picture_percent: 25, sound_percent: 50 };

    fn twin(number: u128, picture: u32, sound: u32) -> Twin {
        let covered = |percent| {
            (percent > 0).then(|| Match { covered_percent: percent, agreement_percent: 90, ranges: Vec::new() })
        };
        let likeness = Likeness { picture: covered(picture), sound: covered(sound) };
        Twin { submission: SubmissionId(uuid::Uuid::from_u128(number)), same_file: false, likeness }
    }

    #[test]
    fn only_what_reaches_the_rules_shares_is_shown_to_a_person() {
        let verdict = judge(vec![twin(1, 24, 49)], RULE);
        assert_eq!((verdict.outcome, verdict.others.len()), (Outcome::Pass, 0));
        let verdict = judge(vec![twin(1, 24, 49), twin(2, 25, 0), twin(3, 0, 50)], RULE);
        assert_eq!(verdict.outcome, Outcome::Warn);
        assert_eq!(verdict.rejection, None);
        let others: Vec<u128> = verdict.others.iter().map(|twin| twin.submission.0.as_u128()).collect();
        assert_eq!(others, [3, 2], "the most alike first");
        assert!(verdict.measured.contains("sound 50 %"));
    }

    #[test]
    fn the_same_file_is_refused_and_the_entrant_does_not_learn_whose_it_is() {
        let same = Twin { same_file: true, ..twin(7, 0, 0) };
        let verdict = judge(vec![twin(1, 100, 100), same], RULE);
        assert_eq!(verdict.rejection, Some(Rejection::AlreadyEntered));
        assert_eq!(verdict.others[0].submission.0.as_u128(), 7);
        let id = verdict.others[0].submission.to_string();
        for lang in [Lang::Zh, Lang::En] {
            assert!(!verdict.text(lang).contains(&id) && verdict.text(lang) == Rejection::AlreadyEntered.text(lang));
        }
    }
}
