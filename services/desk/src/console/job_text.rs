//! What the acts of jobs and the stages at which runs begin are called.
use pages::Say;

use crate::act::reprocess::Beginning;

/// The act of a job.
pub(super) fn kind_text(say: Say, kind: &str) -> &'static str {
    match kind {
        "release" => say.t("发布", "Release"),
        "recall" => say.t("撤下", "Recall"),
        _ => say.t("重新处理", "Reprocess"),
    }
}

/// A stage at which a run begins, with a description.
pub(super) fn stage_text(say: Say, from: Beginning) -> &'static str {
    match from {
        Beginning::Probe => say.t("检测：重新测量影片", "probe: measure the film again"),
        Beginning::Screen => say.t("初筛：重新判定", "screen: judge the measurements again"),
        Beginning::Transcode => say.t("转码：重新编码全部成片", "transcode: encode all files again"),
        Beginning::Publish => say.t("投放：现有成片再次投放", "publish: deliver the current files again"),
    }
}
