//! Rows of the preview: what partners would receive or lose, what they hold, what new runs cost, and what cannot be
//! undone.
use pages::Say;
use pipeline::lang::Lang;
use pipeline::partner::Replacement;

use crate::Desk;
use crate::act::bulk::{Effect, Estimate, Example, Held, JobMade, Lasting, Untaken};
use crate::names::partner_name;

/// What a partner would receive or lose.
pub(super) struct EffectRow {
    pub(super) partner: String,
    pub(super) method: String,
    pub(super) works: u64,
    /// How many of them are online there.
    pub(super) live: u64,
    pub(super) remark: String,
}

/// What a partner holds, and what becomes of it.
pub(super) struct HoldingRow {
    pub(super) partner: String,
    pub(super) held: u64,
    pub(super) replaced: u64,
    /// How they are replaced.
    pub(super) then: String,
}

/// Texts of some works that a partner does not accept.
pub(super) struct UntakenRow {
    pub(super) partner: String,
    pub(super) works: u64,
    pub(super) examples: Vec<ExampleLine>,
}

/// A work whose texts a partner does not accept.
pub(super) struct ExampleLine {
    pub(super) href: String,
    pub(super) title: String,
    pub(super) error: String,
}

/// The cost of new runs.
pub(super) struct Hours {
    pub(super) renditions: u64,
    pub(super) cpu_hours: String,
    pub(super) rests_on: Vec<String>,
}

impl EffectRow {
    pub(super) fn of(desk: &Desk, say: Say, effect: &Effect) -> Self {
        let within = effect.within_hours.map(|it| {
            format!("{}{}", say.t("须在此时间内证明：", "to be proven within "), say.span(u64::from(it) * 3600))
        });
        let hours = |(from, to): (u32, u32)| match say.lang {
            Lang::Zh => format!("发布时段 {from}–{to} 时"),
            Lang::En => format!("published from {from} to {to} o'clock"),
        };
        Self {
            partner: partner_name(&desk.catalogue, say, &effect.partner),
            method: say.method(&effect.method),
            works: effect.works,
            live: effect.live,
            remark: within.or_else(|| effect.hours.map(hours)).unwrap_or_default(),
        }
    }
}

impl HoldingRow {
    pub(super) fn of(desk: &Desk, say: Say, held: &Held) -> Self {
        let way = Replacement::called(&held.replacement).filter(|_| held.replaced > 0);
        let then = way.map_or_else(|| say.t("保留现有文件", "keeps what it holds"), |way| way.text(say.lang));
        Self {
            partner: partner_name(&desk.catalogue, say, &held.partner),
            held: held.holds,
            replaced: held.replaced,
            then: then.to_owned(),
        }
    }
}

impl UntakenRow {
    pub(super) fn of(desk: &Desk, say: Say, untaken: &Untaken) -> Self {
        let example = |it: &Example| {
            let href = format!("/works/{}/deliveries/{}", it.id, untaken.partner);
            ExampleLine { href, title: it.title.clone(), error: say.t(&it.zh, &it.en).to_owned() }
        };
        Self {
            partner: partner_name(&desk.catalogue, say, &untaken.partner),
            works: untaken.works,
            examples: untaken.examples.iter().map(example).collect(),
        }
    }
}

impl Hours {
    pub(super) fn of(say: Say, estimate: &Estimate) -> Self {
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

/// One thing that cannot be undone, with its partner and the number of works.
pub(super) fn lasting_line(desk: &Desk, say: Say, lasting: &Lasting) -> String {
    let partner = lasting.partner.as_ref().map(|id| partner_name(&desk.catalogue, say, id) + say.t("：", ": "));
    let works = say.many(lasting.works, "件作品", "work", "works");
    let what = say.t(&lasting.zh, &lasting.en);
    format!("{}{what}{}{works}{}", partner.unwrap_or_default(), say.t("（", " ("), say.t("）", ")"))
}

/// Works that are not begun, and why.
pub(super) fn left_out(say: Say, made: &JobMade) -> Vec<(u64, String)> {
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
