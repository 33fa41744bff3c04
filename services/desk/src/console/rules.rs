//! The findings of screening, as rows of the table that a card and a work's page share.
use pages::Say;
use pipeline::screening::RuleVerdict;
use uuid::Uuid;

/// One rule.
pub(super) struct RuleLine {
    pub(super) title: &'static str,
    pub(super) outcome: String,
    pub(super) tone: &'static str,
    /// The sentence.
    pub(super) text: String,
    pub(super) measured: String,
    pub(super) limit: String,
    /// Works that it resembles.
    pub(super) others: Vec<Uuid>,
}

/// The rows, in the order of the verdict.
pub(super) fn lines(say: Say, rules: &[RuleVerdict]) -> Vec<RuleLine> {
    let line = |rule: &RuleVerdict| RuleLine {
        title: rule.rule.title(say.lang),
        outcome: say.outcome(rule.outcome.name()),
        tone: say.tone(rule.outcome.name()),
        text: rule.text(say.lang).to_owned(),
        measured: rule.measured_in(say.lang).into_owned(),
        limit: rule.limit_in(say.lang).into_owned(),
        others: rule.others.iter().map(|twin| twin.submission.0).collect(),
    };
    rules.iter().map(line).collect()
}
