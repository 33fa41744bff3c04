//! The acts on one work: for each its address, its roles, and what its page says about it.
use pages::Say;
use pipeline::id::SubmissionId;
use runtime::store::people::tokens::Role;

use crate::act::offered::WorkAct;
use crate::roles::{OPERATOR, ORGANISER};

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

impl WorkAct {
    #[rustfmt::skip]
    fn row(self) -> Row {
        let row = |stable, roles, name, about| Row { stable, roles, name, about };
        match self {
            WorkAct::Release => row("release", ORGANISER, ("批准发布", "Release"), (
                "把已备齐的文件投放到合作平台。可只选部分平台，其余以后再发布。",
                "Delivers the finished files to partners. Some partners can be chosen now and others later.",
            )),
            WorkAct::Recall => row("recall", ORGANISER, ("撤下作品", "Recall"), (
                "要求平台撤下作品。不选平台即整体撤下；影片同时予以保全。",
                "Asks partners to remove the work. With no partner chosen, the work is revoked as a whole. Its film is held.",
            )),
            WorkAct::Reprocess => row("reprocess", ORGANISER, ("重新处理", "Reprocess"), (
                "从所选环节起重新处理。新文件通过质检前，现有文件继续有效。",
                "Begins a new run at a stage. The current files stay in force until the new ones have passed quality control.",
            )),
            WorkAct::Hold => row("hold", ORGANISER, ("影片保全", "Hold the film"), (
                "保全期间，无论作品状态如何，影片都不会被删除。",
                "While it is held, the film is not deleted, whatever the state of the work.",
            )),
            WorkAct::Cure => row("cure", ORGANISER, ("开放补正", "Open for corrections"), (
                "期限内，报送人可更换影片、更正填报内容，不受征集截止时间和评审是否开始的限制。到期自动结束。",
                "Until its end the entrant may replace the film and correct the form, although the deadline has passed or review has begun.",
            )),
            WorkAct::Retry => row("retry", OPERATOR, ("重试任务", "Try again"), (
                "让停下或等待重试的任务立即再试。",
                "Runs parts again at once that have failed too often or wait for their next attempt.",
            )),
            WorkAct::Withdraw => row("withdraw", OPERATOR, ("代为撤回", "Withdraw for the entrant"), (
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
        matches!(self, WorkAct::Recall | WorkAct::Withdraw)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_act_has_one_address_and_words() {
        let names: BTreeSet<_> = WorkAct::ALL.into_iter().map(WorkAct::stable).collect();
        assert_eq!(names.len(), WorkAct::ALL.len());
        let say = Say::new(pipeline::lang::Lang::Zh);
        assert!(WorkAct::ALL.into_iter().all(|act| !act.name(say).is_empty() && !act.about(say).is_empty()));
    }
}
