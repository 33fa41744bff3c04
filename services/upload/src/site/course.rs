//! The course of an entry as its entrant sees it: what was done, what goes on, who acts next.
use pages::Say;

/// One step.
pub(super) struct Step {
    pub(super) title: &'static str,
    /// `done`, `now` or `later`.
    pub(super) when: &'static str,
}

/// Where an entry stands on its way.
pub(super) struct Course {
    pub(super) steps: Vec<Step>,
    /// Who acts next, and what they do.
    pub(super) next: &'static str,
}

/// The course of an entry in this state. Whether it ended early does not change the steps that were done.
pub(super) fn course(state: &str, say: Say) -> Course {
    let at = match state {
        "uploading" => 1,
        "probe" | "screen" | "rejected" => 2,
        "awaiting_review" => 3,
        "transcode" | "assemble" | "awaiting_release" => 4,
        "publish" => 5,
        "published" => 6,
        _ => 0,
    };
    let titles = [
        say.t("报名", "Entered"),
        say.t("上传作品", "Film uploaded"),
        say.t("自动检查", "Checked"),
        say.t("主办方审查", "Reviewed"),
        say.t("制作", "Made ready"),
        say.t("发布到各平台", "Published"),
    ];
    let when = |n: usize| match n.cmp(&at) {
        std::cmp::Ordering::Less => "done",
        std::cmp::Ordering::Equal => "now",
        std::cmp::Ordering::Greater => "later",
    };
    let steps = titles.into_iter().enumerate().map(|(n, title)| Step { title, when: when(n) }).collect();
    Course { steps, next: next(state, say) }
}

fn next(state: &str, say: Say) -> &'static str {
    match state {
        "uploading" => say.t("请您上传作品。", "Please upload the film."),
        "probe" | "screen" => say.t(
            "影片已全部收到，系统正在检查，您可以关闭本页。",
            "The whole film is here and is being checked. You may close this page.",
        ),
        "awaiting_review" => {
            say.t("等待主办方审查，您无需操作。", "The organiser reviews it; you need not do anything.")
        }
        "transcode" | "assemble" => say.t("系统正在制作各平台文件。", "The system makes the files for the platforms."),
        "awaiting_release" => say.t("等待主办方发布。", "The organiser releases it."),
        "publish" => say.t("正在发布到各平台。", "It is being published."),
        "published" => say.t("已发布。", "It is published."),
        "rejected" => say.t("未通过，原因如下。", "It was not accepted, for the reason below."),
        "withdrawn" => say.t("您已撤回该作品。", "You withdrew this entry."),
        _ => say.t("该作品已撤下。", "The work was taken back."),
    }
}

#[cfg(test)]
mod tests {
    use pipeline::lang::Lang;
    use pipeline::submission::State;

    use super::*;

    #[test]
    fn every_state_says_who_acts_next() {
        for state in State::NAMES {
            let (zh, en) = (course(state, Say::new(Lang::Zh)), course(state, Say::new(Lang::En)));
            assert_ne!(zh.next, en.next, "{state}");
            assert!(zh.steps.iter().filter(|step| step.when == "now").count() <= 1, "{state}");
        }
        assert!(course("published", Say::new(Lang::Zh)).steps.iter().all(|step| step.when == "done"));
    }
}
