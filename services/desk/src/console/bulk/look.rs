//! The preview of a choice as a page, before it is started.
use askama::Template;
use pages::Say;
use pipeline::lang::Lang;
use pipeline::partner::Replacement;
use runtime::problem::Problem;
use runtime::store::bulk::Kind;

use super::chosen::Chosen;
use crate::Desk;
use crate::act::bulk::{self, JobMade};
use crate::act::reprocess::Beginning;
use crate::console::job_text::{kind_text, stage_text};
use crate::console::selected::{by_hand, conditions};
use crate::console::{Shell, address};
use crate::names::{partner_name, partner_names};

#[derive(Template)]
#[template(path = "bulk_look.html")]
pub(super) struct LookPage {
    pub(super) shell: Shell,
    kind: &'static str,
    is_recall: bool,
    works: String,
    /// Works that are left out, and why.
    left_out: Vec<(u64, String)>,
    /// The cost of new runs.
    hours: Option<Hours>,
    /// Partner, method, works, of these online, remark.
    effects: Vec<(String, String, u64, u64, String)>,
    is_release: bool,
    /// Partner, works held, works replaced, how they are replaced.
    holdings: Vec<(String, u64, u64, String)>,
    lasting: Vec<String>,
    untaken: Vec<UntakenRow>,
    /// Works whose texts were not read.
    unread: Option<String>,
    /// Label and text of the choice.
    terms: Vec<(String, String)>,
    fields: Vec<(String, String)>,
    digest: String,
    again: Option<String>,
    begin: String,
}

/// Texts of some works that a partner does not accept.
struct UntakenRow {
    partner: String,
    works: u64,
    /// Address and title of a work, and its error.
    examples: Vec<(String, String, String)>,
}

struct Hours {
    renditions: u64,
    cpu_hours: String,
    rests_on: Vec<String>,
}

impl LookPage {
    pub(super) fn of(desk: &Desk, shell: Shell, chosen: &Chosen, made: &JobMade) -> Result<Self, Problem> {
        let say = shell.say;
        let works = say.many(made.works, "件作品", "work", "works");
        let kind = kind_text(say, made.kind.name());
        let fields = chosen.fields()?;
        let again = address("/bulk/new", fields.iter().map(|(name, value)| (name, value)));
        let hours = |(from, to): (u32, u32)| match say.lang {
            Lang::Zh => format!("发布时段 {from}–{to} 时"),
            Lang::En => format!("published from {from} to {to} o'clock"),
        };
        let effects = made.effects.iter().map(|it| {
            let within = it.within_hours.map(|it| {
                format!("{}{}", say.t("须在此时间内证明：", "to be proven within "), say.span(u64::from(it) * 3600))
            });
            let remark = within.or_else(|| it.hours.map(hours)).unwrap_or_default();
            (partner_name(&desk.catalogue, say, &it.partner), say.method(&it.method), it.works, it.live, remark)
        });
        let held = made.estimate.iter().flat_map(|it| &it.partners).map(|it| {
            let way = Replacement::called(&it.replacement).filter(|_| it.replaced > 0);
            let then = way.map_or_else(|| say.t("保留现有文件", "keeps what it holds"), |way| way.text(say.lang));
            (partner_name(&desk.catalogue, say, &it.partner), it.holds, it.replaced, then.to_owned())
        });
        let lasting = made.lasting.iter().map(|it| {
            let at = it
                .partner
                .as_ref()
                .map(|id| partner_name(&desk.catalogue, say, id) + say.t("：", ": "))
                .unwrap_or_default();
            let works = say.many(it.works, "件作品", "work", "works");
            format!("{at}{}{}{works}{}", say.t(&it.zh, &it.en), say.t("（", " ("), say.t("）", ")"))
        });
        Ok(Self {
            kind,
            is_recall: made.kind == Kind::Recall,
            is_release: made.kind == Kind::Release,
            left_out: left_out(say, made),
            hours: made
                .estimate
                .as_ref()
                .filter(|_| made.from != Some(Beginning::Publish))
                .map(|it| Hours::of(say, it)),
            effects: effects.collect(),
            holdings: held.collect(),
            lasting: lasting.collect(),
            untaken: made.warnings.iter().map(|it| UntakenRow::of(desk, say, it)).collect(),
            unread: (made.unread_works > 0).then(|| say.many(made.unread_works, "件作品", "work", "works")),
            terms: terms(desk, say, chosen, made),
            digest: made.digest.clone(),
            // Longer addresses may be refused by proxies.
            again: (again.len() < 8_000).then_some(again),
            begin: format!(
                "{}{}{works}",
                say.t("开始", "Begin: "),
                if say.lang == Lang::Zh { format!("{kind} ") } else { format!("{kind}, ") }
            ),
            works,
            fields,
            shell,
        })
    }
}

impl UntakenRow {
    fn of(desk: &Desk, say: Say, untaken: &bulk::Untaken) -> Self {
        let example = |it: &bulk::Example| {
            let href = format!("/works/{}/deliveries/{}", it.id, untaken.partner);
            (href, it.title.clone(), say.t(&it.zh, &it.en).to_owned())
        };
        Self {
            partner: partner_name(&desk.catalogue, say, &untaken.partner),
            works: untaken.works,
            examples: untaken.examples.iter().map(example).collect(),
        }
    }
}

impl Hours {
    fn of(say: Say, estimate: &bulk::Estimate) -> Self {
        let counted = |works: u64, zh: &str, en: &str| {
            (works > 0).then(|| format!("{} {}", say.many(works, "件", "work", "works"), say.t(zh, en)))
        };
        let rests_on = [
            counted(estimate.measured_works, "按以往实际用时估算", "by what their earlier runs took"),
            counted(estimate.estimated_works, "按制作计划估算", "by their plans"),
            counted(
                estimate.reused_works.unwrap_or(0),
                "已有相同成片，直接沿用",
                "whose files exist already and are taken over",
            ),
            counted(estimate.unknown_works, "尚无计划，未计入", "without a plan yet, not counted"),
        ];
        Self {
            renditions: estimate.renditions,
            cpu_hours: format!("{:.1}", estimate.cpu_hours),
            rests_on: rests_on.into_iter().flatten().collect(),
        }
    }
}

/// Works that are not begun, and why.
fn left_out(say: Say, made: &JobMade) -> Vec<(u64, String)> {
    let states = made.cannot_begin.iter().map(|(state, works)| {
        let state = say.state(state);
        let why = match say.lang {
            Lang::Zh => format!("处于“{state}”，不能办理"),
            Lang::En => format!("in state “{state}”, where this is not possible"),
        };
        (*works, why)
    });
    let others = [
        (made.in_another_job, say.t("在其他同类任务中", "in another job of this kind")),
        (
            made.under_way,
            say.t("正在制作；轮到时若已就绪，即开始", "being made now; begun if they are ready when their turn comes"),
        ),
    ];
    states.chain(others.map(|(works, why)| (works, why.to_owned()))).filter(|(works, _)| *works > 0).collect()
}

/// The choice in words.
fn terms(desk: &Desk, say: Say, chosen: &Chosen, made: &JobMade) -> Vec<(String, String)> {
    let all = match made.kind {
        Kind::Reprocess | Kind::Release => say.t("每件作品的全部平台", "all of each work's"),
        Kind::Recall => say.t("全部（作品整体撤下）", "all; the works are revoked as a whole"),
    };
    let partners = partner_names(&desk.catalogue, say, chosen.partners.iter().map(String::as_str));
    let partners = if partners.is_empty() { all.to_owned() } else { partners };
    let works = match chosen.conditions() {
        Some(text) => conditions(&desk.catalogue, say, &text),
        None => vec![(say.t("作品", "Works"), by_hand(say, chosen.works.len() as u64))],
    };
    let mut terms: Vec<(String, String)> = works.into_iter().map(|(label, text)| (label.to_owned(), text)).collect();
    terms.push((say.t("办理的平台", "Partners of the act").to_owned(), partners));
    if let Some(from) = made.from {
        terms.push((say.t("开始环节", "Begins at").to_owned(), stage_text(say, from).to_owned()));
    }
    if let Some(at) = chosen.at.as_ref().filter(|_| made.kind == Kind::Release) {
        terms.push((say.t("不早于", "Not before").to_owned(), at.replace('T', " ")));
    }
    if let Some(reason) = &chosen.reason {
        terms.push((say.t("事由", "Reason").to_owned(), reason.clone()));
    }
    terms
}
