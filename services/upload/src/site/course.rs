//! The progress of an entry for its entrant: what was done and when, what is in progress, who acts next.
use chrono::{DateTime, Utc};
use pages::Say;
use pipeline::stage::Stage;
use pipeline::submission::{Gate, Phase, State};
use runtime::store::submissions::SubmissionRow;
use runtime::store::submissions::history::HistoryLine;

/// One step.
pub(super) struct Step {
    pub(super) title: &'static str,
    pub(super) when: When,
    /// When it was done.
    pub(super) at: Option<DateTime<Utc>>,
}

/// The state of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Done,
    Now,
    Later,
    /// The work failed it.
    Refused,
}

/// The progress of an entry.
pub(super) struct Course {
    pub(super) steps: Vec<Step>,
    /// Who acts next, and how.
    pub(super) next: &'static str,
    /// Why it was refused.
    pub(super) refusal: Option<String>,
}

/// The steps, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    Entered,
    Received,
    Checked,
    Reviewed,
    Made,
    Released,
    Online,
}

impl Point {
    const ALL: [Point; 7] =
        [Point::Entered, Point::Received, Point::Checked, Point::Reviewed, Point::Made, Point::Released, Point::Online];

    fn title(self, say: Say) -> &'static str {
        match self {
            Point::Entered => say.t("报名", "Entered"),
            Point::Received => say.t("收到作品", "Film received"),
            Point::Checked => say.t("自动检查", "Checked"),
            Point::Reviewed => say.t("主办方初筛", "Reviewed"),
            Point::Made => say.t("制作各平台文件", "Made ready"),
            Point::Released => say.t("主办方发布", "Released"),
            Point::Online => say.t("各平台上线", "Online"),
        }
    }

    /// The history line that ends the step.
    fn is_ended_by(self, line: &HistoryLine) -> bool {
        let came_to = |states: &[&str]| line.detail["state"].as_str().is_some_and(|state| states.contains(&state));
        match self {
            Point::Entered => line.what == "entered",
            Point::Received => matches!(line.what.as_str(), "uploaded" | "replaced"),
            Point::Checked => line.what == "screened",
            Point::Reviewed => matches!(line.what.as_str(), "review_accepted" | "review_refused"),
            Point::Made => line.what == "part_done" && came_to(&["awaiting_release", "publish"]),
            Point::Released => line.what == "released",
            Point::Online => came_to(&["published"]),
        }
    }
}

/// The step that the work is at, and whether it was refused there. A withdrawn or revoked work keeps the steps that it
/// had passed.
fn place(state: &State, history: &[HistoryLine]) -> (Point, bool) {
    let at = match state {
        State::Uploading => Point::Received,
        State::At { stage: Stage::Probe | Stage::Screen, .. } => Point::Checked,
        State::AwaitingReview => Point::Reviewed,
        State::At { stage: Stage::Transcode | Stage::Assemble, .. } => Point::Made,
        State::AwaitingRelease => Point::Released,
        State::At { stage: Stage::Publish, .. } | State::Published => Point::Online,
        State::Rejected { .. } => {
            let by_a_person =
                history.iter().rev().find(|line| line.what == "rejected" || line.what == "review_refused");
            let reviewed = by_a_person.is_some_and(|line| line.what == "review_refused");
            return (if reviewed { Point::Reviewed } else { Point::Checked }, true);
        }
        State::Withdrawn | State::Revoked => {
            let done = |point: &Point| history.iter().any(|line| point.is_ended_by(line));
            return (Point::ALL.into_iter().rfind(done).unwrap_or(Point::Entered), true);
        }
    };
    (at, false)
}

/// The progress of an entry.
pub(super) fn course(entry: &SubmissionRow, history: &[HistoryLine], say: Say) -> Course {
    let state = &entry.machine.state;
    let (at, ended) = place(state, history);
    let taken_back = state.phase() == Phase::TakenBack;
    let steps = Point::ALL.into_iter().filter_map(|point| {
        let line = history.iter().rev().find(|line| point.is_ended_by(line));
        let when = match point.cmp(&at) {
            std::cmp::Ordering::Less => When::Done,
            std::cmp::Ordering::Equal if taken_back || *state == State::Published => When::Done,
            std::cmp::Ordering::Equal if ended => When::Refused,
            std::cmp::Ordering::Equal => When::Now,
            std::cmp::Ordering::Greater => When::Later,
        };
        // If the gate opens automatically, a person is asked only about some works.
        let skipped = point == Point::Reviewed && entry.machine.gates.review == Gate::Automatic && line.is_none();
        let time = matches!(when, When::Done | When::Refused).then(|| line.map(|line| line.at)).flatten();
        let at = if point == Point::Entered { Some(entry.created_at) } else { time };
        (!skipped || when == When::Now).then(|| Step { title: point.title(say), when, at })
    });
    let refusal = match state {
        State::Rejected { reason, .. } => Some(reason.text(say.lang)),
        _ => None,
    };
    Course { steps: steps.collect(), next: next(state.name(), say), refusal }
}

impl Step {
    /// The class of its line.
    pub(super) fn class(&self) -> &'static str {
        match self.when {
            When::Done => "done",
            When::Now => "now",
            When::Later => "later",
            When::Refused => "refused",
        }
    }

    /// The same in a word: not everyone can distinguish colours.
    pub(super) fn word(&self, say: &Say) -> &'static str {
        match self.when {
            When::Done => say.t("已完成", "done"),
            When::Now => say.t("进行中", "now"),
            When::Later => say.t("待进行", "later"),
            When::Refused => say.t("未通过", "not passed"),
        }
    }
}

fn next(state: &str, say: Say) -> &'static str {
    match state {
        "uploading" => say.t("下一步：请您上传作品。", "Next: please upload the film."),
        "probe" | "screen" => say.t(
            "下一步：系统自动检查。影片已全部收到，您可以关闭本页。",
            "Next: the system checks the film. All of it is here; you may close this page.",
        ),
        "awaiting_review" => say
            .t("下一步：主办方工作人员初筛，您无需操作。", "Next: the organiser reviews it; you need not do anything."),
        "transcode" | "assemble" => say.t(
            "下一步：系统制作各平台所需文件，您无需操作。",
            "Next: the system makes the files for the platforms; you need not do anything.",
        ),
        "awaiting_release" => {
            say.t("下一步：主办方发布，您无需操作。", "Next: the organiser releases it; you need not do anything.")
        }
        "publish" => {
            say.t("下一步：向各平台投放，您无需操作。", "Next: it goes to the platforms; you need not do anything.")
        }
        "published" => say.t("全部步骤已完成。", "Every step is done."),
        "rejected" => say.t("作品未通过，原因如下：", "The work was not accepted, for this reason:"),
        "withdrawn" => say.t("您已撤回该作品，不再参选。", "You withdrew this entry; it takes no further part."),
        _ => say.t("主办方已撤下该作品。", "The organiser took the work back."),
    }
}

#[cfg(test)]
mod tests {
    use pipeline::lang::Lang;
    use serde_json::json;

    use super::*;

    const ZH: Say = Say { lang: Lang::Zh };

    fn line(n: i64, what: &str, state: &str) -> HistoryLine {
        let at = DateTime::from_timestamp(n, 0).unwrap();
        HistoryLine { at, actor: "worker".into(), what: what.into(), detail: json!({ "state": state }) }
    }

    #[test]
    fn every_state_says_who_acts_next() {
        for state in State::NAMES {
            assert_ne!(next(state, ZH), next(state, Say::new(Lang::En)), "{state}");
        }
    }

    #[test]
    fn a_step_ends_with_its_own_line() {
        let lines = [
            line(1, "entered", ""),
            line(2, "uploaded", "probe"),
            line(3, "part_done", "screen"),
            line(4, "screened", "awaiting_review"),
            line(5, "review_accepted", "transcode"),
            line(6, "part_done", "assemble"),
            line(7, "part_done", "awaiting_release"),
            line(8, "released", "publish"),
            line(9, "part_done", "published"),
        ];
        let ended = Point::ALL.map(|point| lines.iter().rev().find(|line| point.is_ended_by(line)).unwrap());
        assert_eq!(ended.map(|line| line.at.timestamp()), [1, 2, 4, 5, 7, 8, 9]);
        assert_eq!(place(&State::Published, &lines), (Point::Online, false));
        assert_eq!(place(&State::Withdrawn, &lines[..4]), (Point::Checked, true));
    }

    #[test]
    fn who_refused_it_decides_where_it_ended() {
        let rejected = || State::Rejected { stage: Stage::Screen, reason: pipeline::rejection::Rejection::NoVideo };
        let by_rule = [line(1, "uploaded", "probe"), line(2, "rejected", "rejected")];
        let by_person = [line(1, "screened", "awaiting_review"), line(2, "review_refused", "rejected")];
        assert_eq!(place(&rejected(), &by_rule), (Point::Checked, true));
        assert_eq!(place(&rejected(), &by_person), (Point::Reviewed, true));
    }
}
