//! A work of a job: its state there, and why it was not simply done.
use pages::Say;
use uuid::Uuid;

use crate::names::state_name;
use crate::view::jobs::JobWork;

/// A line of the table of a job's works.
pub(super) struct WorkLine {
    pub(super) id: Uuid,
    pub(super) title: String,
    pub(super) state: &'static str,
    pub(super) tone: &'static str,
    pub(super) why: Option<String>,
    /// The other job that contains it.
    pub(super) other: Option<String>,
    pub(super) changed: String,
}

impl WorkLine {
    pub(super) fn of(say: Say, work: JobWork) -> Self {
        let tone = match work.state.as_str() {
            "done" => "ok",
            "failed" => "bad",
            "skipped" => "warn",
            _ => "",
        };
        Self {
            id: work.submission,
            state: work_state(say, &work.state),
            tone,
            why: why_text(say, &work),
            other: work.detail.clone().filter(|_| work.why.as_deref() == Some("in_another_job")),
            changed: say.time(&work.changed_at),
            title: work.title,
        }
    }
}

/// A state of one work of a job.
pub(super) fn work_state(say: Say, state: &str) -> &'static str {
    match state {
        "waiting" => say.t("等待", "waiting"),
        "started" => say.t("进行中", "under way"),
        "done" => say.t("已完成", "done"),
        "failed" => say.t("失败", "failed"),
        "skipped" => say.t("未办理", "refused"),
        _ => say.t("已取消", "cancelled"),
    }
}

/// Why a work of a job was not simply done: the sentence of its code.
fn why_text(say: Say, work: &JobWork) -> Option<String> {
    let why = work.why.as_deref()?;
    let detail = work.detail.as_deref().unwrap_or_default();
    let (zh, en) = match why {
        "state_wrong" | "cannot_begin" => ("当时状态不能办理：", "not possible in its state: "),
        "changed" => {
            ("任务建立后作品有变动，未办理；当时状态：", "the work changed after the job was made; its state: ")
        }
        "run_under_way" => ("当时正在制作：", "it was being made: "),
        "in_another_job" => ("在其他任务中", "in another job"),
        "job_cancelled" => ("任务已取消", "the job was cancelled"),
        "overtaken" => ("已由更新的一轮取代：", "overtaken by a newer run: "),
        "rejected" => ("未通过：", "rejected: "),
        "taken_back" => ("作品已撤回或撤下：", "the work was taken back: "),
        "awaiting_review" => ("完成，待初筛", "done; awaits review"),
        "awaiting_release" => ("完成，待发布", "done; awaits release"),
        other => return Some(format!("{other} {detail}").trim().to_owned()),
    };
    let detail = match why {
        "in_another_job" => String::new(),
        _ => state_name(say, detail),
    };
    Some(format!("{}{detail}", say.t(zh, en)))
}
