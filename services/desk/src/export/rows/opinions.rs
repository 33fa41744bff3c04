//! 初筛意见表: what screening measured and reviewers decided.
use std::collections::HashMap;

use pages::Say;
use pipeline::lang::Lang;
use pipeline::screening::{Outcome, Verdict};
use runtime::problem::Problem;
use runtime::store::watching::handed_in::Opinion;
use uuid::Uuid;

use super::table::{ADDRESS, Filled, NAME, RECEIPT, Table, WORD, pages_of};
use crate::export::sheet::{Cell, Column};
use crate::view::works::Line;

impl Table<'_> {
    /// 初筛意见表.
    pub(super) async fn opinions(&self, lines: &[Line]) -> Result<Filled, Problem> {
        let say = self.say;
        let mut opinions: HashMap<Uuid, Opinion> = HashMap::new();
        for ids in pages_of(lines) {
            opinions.extend(self.desk.store.opinions(&ids).await?.into_iter().map(|it| (it.submission, it)));
        }
        let columns = vec![
            Column::new(say.t("序号", "No."), 6),
            Column::new(say.t("作品编号", "Work"), ADDRESS),
            Column::new(say.t("回执编号", "Receipt"), RECEIPT),
            Column::new(say.t("作品名称", "Title"), NAME),
            Column::new(say.t("征选主题", "Theme"), WORD),
            Column::new(say.t("推荐单位", "Recommending unit"), NAME),
            Column::new(say.t("自动初筛结果", "Rules"), WORD),
            Column::new(say.t("不符合与提示事项", "Rules broken, and warnings"), 60),
            Column::new(say.t("初筛意见", "Decision"), WORD),
            Column::new(say.t("意见说明", "Words"), ADDRESS),
            Column::new(say.t("初筛人", "Reviewer"), WORD),
            Column::new(say.t("初筛时间", "When"), 17),
        ];
        let row = |(line, number): (&Line, u32)| {
            let opinion = opinions.get(&line.id);
            let verdict = opinion.and_then(|it| it.verdict.as_ref()).map(|it| &it.0);
            // A decision about an earlier run does not count for a work that awaits a new decision.
            let decided = opinion.filter(|it| it.decision.is_some() && line.state != "awaiting_review");
            let words = decided.and_then(|it| it.words.clone());
            let rejection = line.rejection.as_ref().map(|it| say.t(&it.zh, &it.en).to_owned());
            vec![
                Cell::Number(number),
                Cell::Text(line.id.to_string()),
                Cell::of(line.receipt.clone()),
                line.title.as_str().into(),
                Cell::Text(self.theme(line)),
                line.recommending_unit.as_str().into(),
                Cell::of(verdict.map(|verdict| counted(verdict, say))),
                Cell::of(verdict.map(|verdict| remarks(verdict, say.lang))),
                decision(line, decided, say).into(),
                Cell::of(words.or(rejection)),
                Cell::of(decided.and_then(|it| it.reviewer.clone())),
                Cell::of(decided.and_then(|it| it.decided_at).map(|at| say.time(&at))),
            ]
        };
        Ok((columns, lines.iter().zip(1..).map(row).collect()))
    }
}

/// `14 项符合，1 项提示，1 项不符合`.
fn counted(verdict: &Verdict, say: Say) -> String {
    let count = |outcome: Outcome| verdict.rules.iter().filter(|rule| rule.outcome == outcome).count();
    let said = [
        (count(Outcome::Pass), say.t("项符合", "kept")),
        (count(Outcome::Warn), say.t("项提示", "warnings")),
        (count(Outcome::Fail), say.t("项不符合", "broken")),
    ];
    let said: Vec<_> = said.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    said.join(say.t("，", ", "))
}

/// The sentences of the broken rules, then of those that a reviewer should look at.
fn remarks(verdict: &Verdict, lang: Lang) -> String {
    let of = |outcome: Outcome| verdict.rules.iter().filter(move |rule| rule.outcome == outcome);
    of(Outcome::Fail).chain(of(Outcome::Warn)).map(|rule| rule.text(lang)).collect::<Vec<_>>().join("\n")
}

/// The outcome of screening.
fn decision(line: &Line, decided: Option<&Opinion>, say: Say) -> &'static str {
    match (decided.and_then(|it| it.decision.as_deref()), line.state) {
        (Some("review_refused"), _) => say.t("不通过", "refused"),
        (Some(_), _) => say.t("通过", "accepted"),
        (None, "rejected") => say.t("不符合要求", "rules broken"),
        (None, "awaiting_review") => say.t("待初筛", "awaits review"),
        (None, "uploading" | "probe" | "screen") => say.t("尚未初筛", "not yet"),
        (None, "withdrawn") => say.t("已撤回", "withdrawn"),
        (None, _) => say.t("自动通过", "accepted by the rules"),
    }
}

#[cfg(test)]
mod tests {
    use pipeline::screening::{Rule, RuleVerdict};
    use serde_json::json;

    use super::super::table::tests::line;
    use super::*;

    const ZH: Say = Say { lang: Lang::Zh };
    const EN: Say = Say { lang: Lang::En };

    fn said(rule: Rule, outcome: Outcome) -> RuleVerdict {
        let (zh, en) = (format!("{rule:?}的话"), format!("{rule:?} said"));
        let value = json!({ "rule": rule, "measured": "", "limit": "", "outcome": outcome, "curable": false, "zh": zh, "en": en });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_is_broken_stands_before_what_is_only_odd() {
        let rules = vec![
            said(Rule::Format, Outcome::Pass),
            said(Rule::Black, Outcome::Warn),
            said(Rule::Duration, Outcome::Fail),
            said(Rule::Sound, Outcome::Pass),
        ];
        let verdict = Verdict { rules };
        assert_eq!(remarks(&verdict, Lang::En), "Duration said\nBlack said");
        assert_eq!(counted(&verdict, ZH), "2 项符合，1 项提示，1 项不符合");
        assert_eq!(counted(&verdict, EN), "2 kept, 1 warnings, 1 broken");
    }

    #[test]
    fn a_decision_is_the_reviewers_or_follows_from_the_state() {
        let by = |decision: &str| Opinion {
            submission: Uuid::nil(),
            verdict: None,
            decision: Some(decision.to_owned()),
            decided_at: None,
            reviewer: None,
            words: None,
        };
        assert_eq!(decision(&line("transcode"), Some(&by("review_accepted")), ZH), "通过");
        assert_eq!(decision(&line("rejected"), Some(&by("review_refused")), ZH), "不通过");
        assert_eq!(decision(&line("rejected"), None, ZH), "不符合要求");
        assert_eq!(decision(&line("published"), None, ZH), "自动通过");
        assert_eq!(decision(&line("probe"), None, EN), "not yet");
    }
}
