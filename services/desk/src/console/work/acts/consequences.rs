//! The result of an act on one work, or of its dry run, as lines of a page.
use pages::Say;
use pipeline::lang::Lang;
use pipeline::partner::Replacement;

use crate::Desk;
use crate::act::bulk::JobMade;
use crate::act::cure::Cured;
use crate::act::hold::Held;
use crate::act::recall::Recalled;
use crate::act::release::Released;
use crate::act::retry::Retried;
use crate::act::withdraw::Withdrawn;
use crate::names::partner_name;

/// What an act did, or would do.
#[derive(Debug, Default)]
pub(crate) struct Consequences {
    pub(crate) lines: Vec<Consequence>,
    /// The digest of what the act saw; absent if the act has none.
    pub(crate) digest: Option<String>,
    /// What cannot be undone.
    pub(crate) for_good: Option<&'static str>,
}

/// One consequence: for whom or for what, and which.
#[derive(Debug)]
pub(crate) struct Consequence {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) warnings: Vec<String>,
}

impl Consequences {
    fn line(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.lines.push(Consequence { name: name.into(), text: text.into(), warnings: Vec::new() });
    }
}

/// Puts results into words.
pub(super) struct InWords<'a> {
    pub(super) desk: &'a Desk,
    pub(super) say: Say,
}

impl InWords<'_> {
    fn partner(&self, id: &str) -> String {
        partner_name(&self.desk.catalogue, self.say, id)
    }

    fn change(&self, was: &str, state: &str) -> String {
        format!("{} → {}", self.say.state(was), self.say.state(state))
    }

    pub(super) fn released(&self, released: &Released) -> Consequences {
        let say = self.say;
        let mut said = Consequences { digest: Some(released.digest.clone()), ..Consequences::default() };
        said.line(say.t("作品状态", "State"), self.change(&released.was, &released.state));
        if let Some(at) = &released.at {
            said.line(say.t("不早于", "Not before"), say.time(at));
        }
        for recipient in &released.partners {
            let hours = recipient.hours.map(|(from, to)| match say.lang {
                Lang::Zh => format!("，{from} 至 {to} 时投放"),
                Lang::En => format!(", between {from}:00 and {to}:00"),
            });
            let text = format!("{}{}", say.method(&recipient.method), hours.unwrap_or_default());
            let warnings = recipient.warnings.iter().map(|it| say.t(&it.zh, &it.en).to_owned()).collect();
            said.lines.push(Consequence { name: self.partner(&recipient.partner), text, warnings });
        }
        said
    }

    pub(super) fn recalled(&self, recalled: &Recalled) -> Consequences {
        let say = self.say;
        let mut said = Consequences { digest: Some(recalled.digest.clone()), ..Consequences::default() };
        said.line(say.t("作品状态", "State"), self.change(&recalled.was, &recalled.state));
        for asked in &recalled.partners {
            let (state, hours) = (say.delivery(&asked.was), asked.within_hours);
            let text = match say.lang {
                Lang::Zh => format!("现为“{state}”，须在 {hours} 小时内证明已下架"),
                Lang::En => format!("now {state}; the removal has to be proven within {hours} h"),
            };
            said.line(self.partner(&asked.partner), text);
        }
        said.for_good = Some(say.t(
            "撤下后，平台上的原地址、播放量和评论不能由本系统恢复。",
            "The addresses, plays and comments at partners cannot be restored from here.",
        ));
        said
    }

    pub(super) fn cured(&self, cured: &Cured) -> Consequences {
        let say = self.say;
        let mut said = Consequences { digest: Some(cured.digest.clone()), ..Consequences::default() };
        let end = cured.until.map_or_else(|| say.t("立即结束", "closed now").to_owned(), |at| say.time(&at));
        said.line(say.t("补正截止", "Open until"), end);
        let may = |yes: bool| say.t(if yes { "可以" } else { "不可以" }, if yes { "yes" } else { "no" });
        said.line(say.t("报送人更换影片", "The entrant may send another film"), may(cured.film));
        said.line(say.t("报送人更正填报内容", "The entrant may correct the form"), may(cured.form));
        if let Some(at) = &cured.finish_before {
            said.line(say.t("影片须传完", "A film has to be complete before"), say.time(at));
        }
        said
    }

    pub(super) fn held(&self, done: &Held) -> Consequences {
        let say = self.say;
        let mut said = Consequences { digest: Some(done.digest.clone()), ..Consequences::default() };
        let kept = |held: bool| if held { say.t("保全", "held") } else { say.t("不保全", "not held") };
        said.line(say.t("影片", "Film"), format!("{} → {}", kept(done.was_held), kept(done.held)));
        if done.may_be_deleted {
            said.for_good = Some(say.t(
                "作品已撤回，解除保全后影片可能随即删除，不能恢复。",
                "The work was withdrawn: once it is not held, its film may be deleted and cannot be restored.",
            ));
        } else if !done.held {
            let text =
                say.t("影片继续保存；如报送人撤回作品，影片将被删除。", "kept, until the entrant withdraws the work");
            said.line(say.t("此后", "From then on"), text);
        }
        said
    }

    pub(super) fn reprocessed(&self, begun: &JobMade) -> Consequences {
        let say = self.say;
        let mut said = Consequences { digest: Some(begun.digest.clone()), ..Consequences::default() };
        if let Some(from) = begun.from {
            said.line(say.t("开始环节", "Begins at"), say.stage(&from.to_string()));
        }
        let Some(estimate) = &begun.estimate else { return said };
        said.line(say.t("制作文件", "Files to make"), estimate.renditions.to_string());
        let hours = match estimate.unknown_works {
            0 => format!("{:.1}", estimate.cpu_hours),
            _ => say.t("尚不能估计", "not known yet").to_owned(),
        };
        said.line(say.t("处理器小时", "Processor hours"), hours);
        for held in &estimate.partners {
            let way = Replacement::called(&held.replacement).map_or("", |way| way.text(say.lang));
            let text = match (held.replaced > 0, held.holds > 0) {
                (true, _) => format!("{}{way}", say.t("将替换：", "replaced: ")),
                (false, true) => say.t("保留平台上现有文件", "keeps what it holds").to_owned(),
                (false, false) => say.t("平台上没有文件", "holds nothing").to_owned(),
            };
            said.line(self.partner(&held.partner), text);
        }
        said
    }

    pub(super) fn retried(&self, retried: &Retried) -> Consequences {
        let mut said = Consequences { digest: Some(retried.digest.clone()), ..Consequences::default() };
        said.line(self.say.t("任务", "Parts"), retried.parts.to_string());
        said
    }

    pub(super) fn withdrawn(&self, done: &Withdrawn) -> Consequences {
        let say = self.say;
        let mut said = Consequences { digest: Some(done.digest.clone()), ..Consequences::default() };
        said.line(say.t("作品状态", "State"), self.change(&done.was, &done.state));
        said.for_good = Some(say.t("报送人信息删除后不能恢复。", "The entrant's personal data cannot be restored."));
        said
    }
}
