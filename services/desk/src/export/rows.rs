//! The rows of each table: the content of each column, in the reader's language.
use std::collections::HashMap;

use pages::Say;
use pipeline::id::ContestId;
use pipeline::lang::Lang;
use pipeline::screening::{Outcome, Verdict};
use runtime::problem::Problem;
use runtime::store::handed_in::{Measured, Opinion};
use runtime::store::listing::MOST_ROWS as PAGE;
use uuid::Uuid;

use super::sheet::{Cell, Column, Sheet};
use super::{Kind, MOST_ROWS, too_many};
use crate::Desk;
use crate::act::Caller;
use crate::view::contests_of;
use crate::view::works::{self, At, Filter, Line, Recipient};

/// The most pages that are read for one file. When the list is searched for a text, a page may hold fewer works than it
/// could, or none.
const MOST_PAGES: usize = 400;

// Widths of columns: for typed text, for an address or a sentence, for a word.
const NAME: u16 = 28;
const ADDRESS: u16 = 36;
const WORD: u16 = 12;
const RECEIPT: u16 = 20;

/// The table of exactly the works that the filter finds.
pub(super) async fn sheet(
    desk: &Desk,
    caller: &Caller,
    filter: &Filter,
    kind: Kind,
    say: Say,
) -> Result<Sheet, Problem> {
    let lines = lines(desk, caller, filter).await?;
    let table = Table { desk, say, partners: works::recipients(desk, caller, filter)? };
    let (columns, rows) = match kind {
        Kind::List => table.list(&lines),
        Kind::Summary => table.summary(&lines).await?,
        Kind::Opinions => table.opinions(&lines).await?,
    };
    let contests = contests_of(desk, caller, filter.contest.as_deref())?;
    let named = contests.one().and_then(|id| desk.catalogue.contest(id)).map(|it| it.name.text(say.lang).to_owned());
    Ok(Sheet { title: kind.title(say).to_owned(), subtitle: named.unwrap_or_default(), columns, rows })
}

/// All works that the filter finds, page by page; a problem if there are too many.
async fn lines(desk: &Desk, caller: &Caller, filter: &Filter) -> Result<Vec<Line>, Problem> {
    let mut wanted = Filter { cursor: None, limit: Some(PAGE), ..filter.clone() };
    let mut lines = Vec::new();
    for _ in 0..MOST_PAGES {
        let page = works::works(desk, caller, &wanted).await?;
        lines.extend(page.items);
        if lines.len() > MOST_ROWS {
            return Err(too_many());
        }
        let Some(next) = page.next else { return Ok(lines) };
        wanted.cursor = Some(next);
    }
    Err(too_many())
}

/// What every table needs.
struct Table<'a> {
    desk: &'a Desk,
    say: Say,
    partners: Vec<Recipient>,
}

type Filled = (Vec<Column>, Vec<Vec<Cell>>);

impl Table<'_> {
    /// The list as the page shows it.
    fn list(&self, lines: &[Line]) -> Filled {
        let say = self.say;
        let mut columns = vec![
            Column::new(say.t("作品编号", "Work"), ADDRESS),
            Column::new(say.t("回执编号", "Receipt"), RECEIPT),
            Column::new(say.t("活动", "Contest"), NAME),
            Column::new(say.t("作品名称", "Title"), NAME),
            Column::new(say.t("征选主题", "Theme"), WORD),
            Column::new(say.t("推荐单位", "Recommending unit"), NAME),
            Column::new(say.t("状态", "State"), WORD),
            Column::new(say.t("未通过原因", "Why rejected"), ADDRESS),
            Column::new(say.t("报送时间", "Entered"), 17),
            Column::new(say.t("更新时间", "Updated"), 17),
        ];
        columns.extend(self.partner_columns());
        let row = |line: &Line| {
            let rejection = line.rejection.as_ref().map(|it| say.t(&it.zh, &it.en));
            let mut row = vec![
                Cell::Text(line.id.to_string()),
                Cell::of(line.receipt.clone()),
                Cell::Text(self.contest(line)),
                line.title.as_str().into(),
                Cell::Text(self.theme(line)),
                line.recommending_unit.as_str().into(),
                Cell::Text(say.state(line.state)),
                Cell::of(rejection),
                Cell::Text(say.time(&line.created_at)),
                Cell::Text(say.time(&line.updated_at)),
            ];
            row.extend(self.partners.iter().map(|partner| self.standing(at(line, partner))));
            row
        };
        (columns, lines.iter().map(row).collect())
    }

    /// 作品汇总表.
    async fn summary(&self, lines: &[Line]) -> Result<Filled, Problem> {
        let say = self.say;
        let mut measured: HashMap<Uuid, Measured> = HashMap::new();
        for ids in pages_of(lines) {
            measured.extend(self.desk.store.measured(&ids).await?.into_iter().map(|it| (it.submission, it)));
        }
        let mut columns = vec![
            Column::new(say.t("序号", "No."), 6),
            Column::new(say.t("作品编号", "Work"), ADDRESS),
            Column::new(say.t("回执编号", "Receipt"), RECEIPT),
            Column::new(say.t("作品名称", "Title"), NAME),
            Column::new(say.t("征选主题", "Theme"), WORD),
            Column::new(say.t("推荐单位", "Recommending unit"), NAME),
            Column::new(say.t("时长", "Length"), 9),
            Column::new(say.t("画幅", "Aspect"), 9),
            Column::new(say.t("分辨率", "Picture"), WORD),
            Column::new(say.t("状态", "State"), WORD),
            Column::new(say.t("报送时间", "Entered"), 17),
        ];
        columns.extend(self.partner_columns());
        let row = |(line, number): (&Line, u32)| {
            let measured = measured.get(&line.id);
            let length = measured.and_then(|it| u64::try_from(it.duration_ms?).ok());
            let picture = measured.and_then(|it| Some((it.width?, it.height?)));
            let mut row = vec![
                Cell::Number(number),
                Cell::Text(line.id.to_string()),
                Cell::of(line.receipt.clone()),
                line.title.as_str().into(),
                Cell::Text(self.theme(line)),
                line.recommending_unit.as_str().into(),
                Cell::of(length.map(|ms| say.length(&ms))),
                Cell::of(picture.map(|(width, height)| aspect(width, height))),
                Cell::of(picture.map(|(width, height)| format!("{width}×{height}"))),
                Cell::Text(say.state(line.state)),
                Cell::Text(say.time(&line.created_at)),
            ];
            row.extend(self.partners.iter().map(|partner| Cell::of(online(at(line, partner)))));
            row
        };
        Ok((columns, lines.iter().zip(1..).map(row).collect()))
    }

    /// 初筛意见表.
    async fn opinions(&self, lines: &[Line]) -> Result<Filled, Problem> {
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

    fn partner_columns(&self) -> impl Iterator<Item = Column> {
        let heading = |partner: &Recipient| Column::new(self.say.t(&partner.zh, &partner.en), ADDRESS);
        self.partners.iter().map(heading)
    }

    fn contest(&self, line: &Line) -> String {
        let contest = self.desk.catalogue.contest(&ContestId::new(&line.contest));
        contest.map_or_else(|| line.contest.clone(), |it| it.name.text(self.say.lang).to_owned())
    }

    fn theme(&self, line: &Line) -> String {
        works::theme(self.desk, line, self.say.lang)
    }

    /// The address of a work that is online, or else its state. An address that no longer shows the work never appears
    /// without that state.
    fn standing(&self, at: Option<&At>) -> Cell {
        let Some(at) = at else { return Cell::EMPTY };
        let state = self.say.delivery(&at.state);
        match (&at.public_url, at.state.as_str()) {
            (Some(url), "live") => Cell::Text(url.clone()),
            (Some(url), _) => Cell::Text(format!("{state} {url}")),
            (None, _) => Cell::Text(state),
        }
    }
}

fn at<'a>(line: &'a Line, partner: &Recipient) -> Option<&'a At> {
    line.deliveries.iter().find(|at| at.partner == partner.id)
}

/// The address of a work that is online.
fn online(at: Option<&At>) -> Option<&str> {
    at.filter(|at| at.state == "live")?.public_url.as_deref()
}

/// The ids of the works, in groups as large as one query takes.
fn pages_of(lines: &[Line]) -> impl Iterator<Item = Vec<Uuid>> {
    lines.chunks(PAGE as usize).map(|lines| lines.iter().map(|line| line.id).collect())
}

/// `16:9` or `9:16` within two per cent, because encoders round; otherwise the ratio itself.
pub(crate) fn aspect(width: i32, height: i32) -> String {
    let ratio = f64::from(width.max(1)) / f64::from(height.max(1));
    let near = |wanted: f64| (ratio / wanted - 1.0).abs() <= 0.02;
    if near(16.0 / 9.0) {
        "16:9".to_owned()
    } else if near(9.0 / 16.0) {
        "9:16".to_owned()
    } else {
        format!("{ratio:.2}:1")
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
    use chrono::DateTime;
    use pipeline::screening::{Rule, RuleVerdict};
    use serde_json::json;

    use super::*;

    const ZH: Say = Say { lang: Lang::Zh };
    const EN: Say = Say { lang: Lang::En };

    fn line(state: &'static str) -> Line {
        Line {
            id: Uuid::nil(),
            receipt: None,
            contest: "demo".into(),
            state,
            run: 1,
            title: "=1+1".into(),
            theme: "green".into(),
            recommending_unit: String::new(),
            bytes: None,
            parked: 0,
            rejection: None,
            deliveries: Vec::new(),
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn said(rule: Rule, outcome: Outcome) -> RuleVerdict {
        let (zh, en) = (format!("{rule:?}的话"), format!("{rule:?} said"));
        let value = json!({ "rule": rule, "measured": "", "limit": "", "outcome": outcome, "curable": false, "zh": zh, "en": en });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn aspects_are_named_as_the_call_names_them() {
        assert_eq!((aspect(1920, 1080), aspect(1080, 1920)), ("16:9".into(), "9:16".into()));
        assert_eq!((aspect(1920, 1088), aspect(1440, 1080)), ("16:9".into(), "1.33:1".into()));
        assert_eq!(aspect(0, 0), "1.00:1");
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

    #[test]
    fn only_an_address_that_shows_the_work_counts_as_online() {
        let partner = Recipient { id: "cctv".into(), zh: "央视网".into(), en: "CCTV".into() };
        let url = || Some("https://example.org/1".to_owned());
        let mut line = line("published");
        line.deliveries.push(At { partner: "cctv".into(), state: "live".into(), public_url: url() });
        assert_eq!(online(at(&line, &partner)), Some("https://example.org/1"));
        line.deliveries[0].state = "recalled".into();
        assert_eq!(online(at(&line, &partner)), None);
    }
}
