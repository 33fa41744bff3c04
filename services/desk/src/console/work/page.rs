//! The page of a work: its data, and how the template puts it into words.
use std::sync::Arc;

use askama::Template;
use pipeline::catalogue::Catalogue;

use super::acts::Link;
use super::note::Notes;
use super::rows::{DeliveryRow, FormerRow, HistoryRow};
use crate::console::Shell;
use crate::console::rules::RuleLine;
use crate::names::{actor_name, failure, part_name, partner_name};
use crate::view::ahead::{Ahead, Turn};
use crate::view::audit::{self, Row as AuditRow};
use crate::view::exchanges::Exchange;
use crate::view::trace::{Timeline, WaitedFor};
use crate::view::work::{self, Work};

#[derive(Template)]
#[template(path = "work.html")]
pub(super) struct WorkPage {
    pub(super) shell: Shell,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) work: Work,
    pub(super) ahead: Ahead,
    pub(super) contest: String,
    pub(super) theme: String,
    pub(super) rules: Vec<RuleLine>,
    /// Whether the verdict comes from the first look only, which reads the headers alone.
    pub(super) is_first_look: bool,
    pub(super) former: Vec<FormerRow>,
    pub(super) deliveries: Vec<DeliveryRow>,
    pub(super) history: Vec<HistoryRow>,
    pub(super) time: Timeline,
    pub(super) exchanges: Option<Vec<Exchange>>,
    pub(super) audit: Option<Vec<AuditRow>>,
    pub(super) acts: Vec<Link>,
    pub(super) may_see_contact: bool,
    pub(super) notes: Notes,
    pub(super) reviews: bool,
    pub(super) sha256: Option<String>,
}

impl WorkPage {
    /// Who must act next.
    fn who(&self) -> &'static str {
        self.ahead.who(self.shell.say)
    }

    /// How long the work has waited for each party.
    fn sums(&self) -> Vec<(&'static str, String)> {
        let say = self.shell.say;
        let whom = |whom: &WaitedFor| match whom {
            WaitedFor::Entrant => say.t("报送人上传", "the entrant's upload"),
            WaitedFor::Work => say.t("系统处理", "machines at work"),
            WaitedFor::Machines => say.t("排队与重试", "queues and retries"),
            WaitedFor::People => say.t("人工办理", "people"),
        };
        self.time.sums.iter().map(|(it, seconds)| (whom(it), self.span(seconds))).collect()
    }

    /// A number of seconds in words.
    fn span(&self, seconds: &f64) -> String {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "seconds of a work's life, never less than none"
        )]
        let seconds = seconds.max(0.0).round() as u64;
        self.shell.say.span(seconds)
    }

    /// The machines' progress in per cent, while they must act next. While the work waits for a person there is none.
    fn percent(&self) -> Option<u32> {
        let reached = self.work.progress.filter(|it| it.done < 1.0 && self.ahead.turn == Turn::System)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 99")]
        let percent = (reached.done.clamp(0.0, 1.0) * 100.0).floor() as u32;
        Some(percent)
    }

    /// A declared yes or no.
    fn declared(&self, name: &str) -> &'static str {
        let say = self.shell.say;
        match self.work.declarations.get(name).and_then(serde_json::Value::as_bool) {
            Some(true) => say.t("已承诺", "declared"),
            _ => say.t("未承诺", "not declared"),
        }
    }

    fn ai_use(&self) -> String {
        let say = self.shell.say;
        let said =
            |name: &str| self.work.declarations.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let (used, note) = (say.ai_use(said("ai_use")), said("ai_note"));
        if note.is_empty() { used } else { format!("{used}{}{note}", say.t("：", ": ")) }
    }

    /// The result of quality control, in short: `12/12`.
    fn passed(&self, made: &work::Rendition) -> String {
        let passed = made.qc.iter().filter(|check| check.outcome == pipeline::rendition::QcOutcome::Pass).count();
        format!("{passed}/{}", made.qc.len())
    }

    fn partner(&self, id: &str) -> String {
        partner_name(&self.catalogue, self.shell.say, id)
    }

    fn actor(&self, name: &str) -> String {
        actor_name(self.shell.say, name)
    }

    fn part(&self, part: &str) -> String {
        part_name(&self.catalogue, self.shell.say, part)
    }

    /// Why a part failed.
    fn failure(&self, error: &str) -> String {
        failure(self.shell.say, error)
    }

    /// How a request to a partner ended.
    fn ended<'a>(&self, outcome: &'a str) -> &'a str {
        let (zh, en) = match outcome {
            "open" => ("等待答复", "no answer yet"),
            "answered" => ("已答复", "answered"),
            "not_sent" => ("未发出", "not sent"),
            "lost" => ("无答复，结果待核实", "no answer; being looked up"),
            other => (other, other),
        };
        self.shell.say.t(zh, en)
    }

    /// A past act, in the audit trail's words.
    fn said<'a>(&self, act: &'a str) -> &'a str {
        let (zh, en) = audit::said(act);
        self.shell.say.t(zh, en)
    }

    /// JSON as text, for evidence.
    fn json(&self, value: &serde_json::Value) -> String {
        serde_json::to_string(value).unwrap_or_default()
    }
}
