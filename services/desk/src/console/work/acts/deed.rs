//! The acts on one work: for each its words, its roles, how its request is read from the form, and its result as lines.
use std::collections::BTreeSet;

use pages::Say;
use pipeline::id::SubmissionId;
use pipeline::partner::Replacement;
use runtime::problem::{Code, Detail, Problem};
use runtime::store::submissions::SubmissionRow;
use runtime::store::tokens::Role;

use super::Fields;
use crate::Desk;
use crate::act::Caller;
use crate::act::bulk::JobMade;
use crate::act::cure::{self, Cure, Cured};
use crate::act::hold::{self, Held, Hold};
use crate::act::offered::OnWork as Deed;
use crate::act::recall::{self, Recall, Recalled};
use crate::act::release::{self, Release, Released};
use crate::act::reprocess::{self, Beginning, Reprocess};
use crate::act::retry::{self, Retry};
use crate::act::withdraw::{self, Withdraw};
use crate::console::local;
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

/// What an act's page says about it.
struct Row {
    /// Its name in addresses.
    stable: &'static str,
    /// Who may do it; the same roles as in the API.
    roles: &'static [Role],
    name: (&'static str, &'static str),
    /// What it is for.
    about: (&'static str, &'static str),
}

const ORGANISER: &[Role] = &[Role::Organiser];
const OPERATOR: &[Role] = &[Role::Operator];

impl Deed {
    #[rustfmt::skip]
    fn row(self) -> Row {
        let row = |stable, roles, name, about| Row { stable, roles, name, about };
        match self {
            Deed::Release => row("release", ORGANISER, ("批准发布", "Release"), (
                "把已备齐的文件投放到合作平台。可只选部分平台，其余以后再发布。",
                "Delivers the finished files to partners. Some partners can be chosen now and others later.",
            )),
            Deed::Recall => row("recall", ORGANISER, ("撤下作品", "Recall"), (
                "要求平台撤下作品。不选平台即整体撤下；影片同时予以保全。",
                "Asks partners to remove the work. With no partner chosen, the work is revoked as a whole. Its film is held.",
            )),
            Deed::Reprocess => row("reprocess", ORGANISER, ("重新处理", "Reprocess"), (
                "从所选环节起重新处理。新文件通过质检前，现有文件继续有效。",
                "Begins a new run at a stage. The current files stay in force until the new ones have passed quality control.",
            )),
            Deed::Hold => row("hold", ORGANISER, ("影片保全", "Hold the film"), (
                "保全期间，无论作品状态如何，影片都不会被删除。",
                "While it is held, the film is not deleted, whatever the state of the work.",
            )),
            Deed::Cure => row("cure", ORGANISER, ("开放补正", "Open for corrections"), (
                "期限内，报送人可更换影片、更正填报内容，不受征集截止时间和评审是否开始的限制。到期自动结束。",
                "Until its end the entrant may replace the film and correct the form, although the deadline has passed or review has begun.",
            )),
            Deed::Retry => row("retry", OPERATOR, ("重试任务", "Try again"), (
                "让停下或等待重试的任务立即再试。",
                "Runs parts again at once that have failed too often or wait for their next attempt.",
            )),
            Deed::Withdraw => row("withdraw", OPERATOR, ("代为撤回", "Withdraw for the entrant"), (
                "应报送人要求撤回作品：已上线的将被撤下，报送人信息将被删除。",
                "Withdraws the work at its entrant's request: what is online is recalled, and the entrant's personal data is deleted.",
            )),
        }
    }

    /// Its name in addresses.
    pub(crate) fn stable(self) -> &'static str {
        self.row().stable
    }

    pub(crate) fn path(self, work: SubmissionId) -> String {
        format!("/works/{work}/{}", self.stable())
    }

    pub(crate) fn name(self, say: Say) -> &'static str {
        let (zh, en) = self.row().name;
        say.t(zh, en)
    }

    /// What it is for, above its form.
    pub(crate) fn about(self, say: Say) -> &'static str {
        let (zh, en) = self.row().about;
        say.t(zh, en)
    }

    /// The roles that may do it.
    pub(crate) fn roles(self) -> &'static [Role] {
        self.row().roles
    }

    /// Whether its button warns of a serious consequence.
    pub(crate) fn is_grave(self) -> bool {
        matches!(self, Deed::Recall | Deed::Withdraw)
    }

    /// Does it, or says what would follow.
    pub(super) async fn run(
        self,
        desk: &Desk,
        caller: &Caller,
        work: &SubmissionRow,
        fields: &Fields,
        dry_run: bool,
        say: Say,
    ) -> Result<Consequences, Problem> {
        let Fields { digest, reason, .. } = fields.clone();
        let partners = (!fields.partners.is_empty()).then(|| fields.partners.iter().cloned().collect::<BTreeSet<_>>());
        let shows = Shows { desk, say };
        match self {
            Deed::Release => {
                let at = fields.at.as_deref().map(|at| local::instant("at", at)).transpose()?;
                let wish = Release { partners, at, dry_run, digest, reason };
                Ok(shows.released(&release::release(desk, caller, work.id, wish).await?.value))
            }
            Deed::Recall => {
                let wish = Recall { reason: reason.unwrap_or_default(), partners, dry_run, digest };
                Ok(shows.recalled(&recall::recall(desk, caller, work.id, wish).await?.value))
            }
            Deed::Reprocess => {
                let from = fields.from.as_deref().unwrap_or_default().parse::<Beginning>();
                let from = from.map_err(|said| {
                    Code::FieldWrong.about(Detail::new("须为 probe、screen、transcode 或 publish", said).of("from"))
                })?;
                let replace = fields.replace.is_some();
                let wish = Reprocess { from, partners, replace, dry_run, digest, reason };
                Ok(shows.reprocessed(&reprocess::one(desk, caller, work.id, wish).await?.value))
            }
            Deed::Hold => {
                let wish = Hold { held: fields.held.as_deref() == Some("yes"), reason, dry_run, digest };
                Ok(shows.held(&hold::hold(desk, caller, work.id, wish).await?.value))
            }
            Deed::Cure => {
                let until = fields.until.as_deref().map(|at| local::instant("until", at)).transpose()?;
                let wish = Cure { until, reason, dry_run, digest };
                Ok(shows.cured(&cure::cure(desk, caller, work.id, wish).await?.value))
            }
            Deed::Retry => {
                let only = fields.part.as_deref().and_then(|part| part.split_once('/'));
                let (stage, part) = only.map(|(stage, part)| (stage.to_owned(), part.to_owned())).unzip();
                let wish = Retry { part, stage, dry_run, digest, reason };
                let retried = retry::retry(desk, caller, work.id, wish).await?.value;
                let mut said = Consequences { digest: Some(retried.digest), ..Consequences::default() };
                said.line(say.t("任务", "Parts"), retried.parts.to_string());
                Ok(said)
            }
            Deed::Withdraw => {
                let done = withdraw::withdraw(desk, caller, work.id, Withdraw { dry_run, digest, reason }).await?.value;
                let mut said = Consequences { digest: Some(done.digest), ..Consequences::default() };
                said.line(say.t("作品状态", "State"), shows.change(&done.was, &done.state));
                said.for_good =
                    Some(say.t("报送人信息删除后不能恢复。", "The entrant's personal data cannot be restored."));
                Ok(said)
            }
        }
    }
}

/// Puts results into words.
struct Shows<'a> {
    desk: &'a Desk,
    say: Say,
}

impl Shows<'_> {
    fn partner(&self, id: &str) -> String {
        partner_name(&self.desk.catalogue, self.say, id)
    }

    fn change(&self, was: &str, state: &str) -> String {
        format!("{} → {}", self.say.state(was), self.say.state(state))
    }

    fn released(&self, released: &Released) -> Consequences {
        let say = self.say;
        let mut said = Consequences { digest: Some(released.digest.clone()), ..Consequences::default() };
        said.line(say.t("作品状态", "State"), self.change(&released.was, &released.state));
        if let Some(at) = &released.at {
            said.line(say.t("不早于", "Not before"), say.time(at));
        }
        for recipient in &released.partners {
            let hours = recipient.hours.map(|(from, to)| match say.lang {
                pipeline::lang::Lang::Zh => format!("，{from} 至 {to} 时投放"),
                pipeline::lang::Lang::En => format!(", between {from}:00 and {to}:00"),
            });
            let text = format!("{}{}", say.method(&recipient.method), hours.unwrap_or_default());
            let warnings = recipient.warnings.iter().map(|it| say.t(&it.zh, &it.en).to_owned()).collect();
            said.lines.push(Consequence { name: self.partner(&recipient.partner), text, warnings });
        }
        said
    }

    fn recalled(&self, recalled: &Recalled) -> Consequences {
        let say = self.say;
        let mut said = Consequences { digest: Some(recalled.digest.clone()), ..Consequences::default() };
        said.line(say.t("作品状态", "State"), self.change(&recalled.was, &recalled.state));
        for asked in &recalled.partners {
            let (state, hours) = (say.delivery(&asked.was), asked.within_hours);
            let text = match say.lang {
                pipeline::lang::Lang::Zh => format!("现为“{state}”，须在 {hours} 小时内证明已下架"),
                pipeline::lang::Lang::En => format!("now {state}; the removal has to be proven within {hours} h"),
            };
            said.line(self.partner(&asked.partner), text);
        }
        said.for_good = Some(say.t(
            "撤下后，平台上的原地址、播放量和评论不能由本系统恢复。",
            "The addresses, plays and comments at partners cannot be restored from here.",
        ));
        said
    }

    fn cured(&self, cured: &Cured) -> Consequences {
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

    fn held(&self, done: &Held) -> Consequences {
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

    fn reprocessed(&self, begun: &JobMade) -> Consequences {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_has_one_address_and_words() {
        let names: BTreeSet<_> = Deed::ALL.into_iter().map(Deed::stable).collect();
        assert_eq!(names.len(), Deed::ALL.len());
        let say = Say::new(pipeline::lang::Lang::Zh);
        assert!(Deed::ALL.into_iter().all(|deed| !deed.name(say).is_empty() && !deed.about(say).is_empty()));
    }
}
