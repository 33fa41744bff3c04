//! The history of a work as sentences for people. The history stores stable names. Each known name has a sentence here;
//! an unknown one is shown as it is.
use pages::Say;
use pipeline::catalogue::Catalogue;
use pipeline::person::{Actor, Role};
use serde_json::Value;

use super::work::Happened;
use crate::names::actor_name;
use detail::Detail;

mod detail;

/// What happened.
pub fn sentence(line: &Happened, catalogue: &Catalogue, say: Say) -> String {
    let detail = Detail { of: &line.detail, catalogue, say };
    let said = |zh: &str, en: &str| say.t(zh, en).to_owned();
    match line.what.as_str() {
        "entered" => said("作品已报送。", "The work was entered."),
        "uploaded" => said("影片已收齐，校验无误。", "The film was received completely and verified."),
        "replacing" => said(
            "报送人申请更换影片；新影片收齐之前，原影片继续有效。",
            "The entrant announced another film; the current one counts until the new one is complete.",
        ),
        "replaced" => said("新影片已收齐，替换了原影片，重新开始检测。", "Another film replaced the former one."),
        "corrected" => said("报送人更正了填报内容。", "The entrant corrected the form."),
        "cure_opened" => {
            detail.about(said("已开放补正，截止", "A window for corrections is open until"), &detail.until())
        }
        "cure_closed" => said("补正已提前结束。", "The window for corrections was closed."),
        "part_done" => detail.part(said("已完成", "done")),
        "screened" => match detail.text("state") {
            "awaiting_review" => said("自动初筛完成，转入人工初筛。", "Screening is done; a reviewer decides."),
            _ => said("自动初筛通过。", "Screening passed."),
        },
        "rejected" => detail.about(said("未通过", "Rejected"), &detail.rejection()),
        "review_accepted" => said("初筛通过。", "A reviewer accepted it."),
        "review_refused" => detail.about(said("初筛不通过", "A reviewer refused it"), detail.text("words")),
        "released" => detail.about(said("已批准发布", "Released"), &detail.partners_or_all()),
        "recalled" => detail.about(said("从部分平台撤下", "Recalled from some partners"), &detail.partners()),
        "recall_ordered" => detail.about(said("已要求撤下", "A recall was ordered"), &detail.partners_and("reason")),
        "withdrawn" => said("作品已撤回，报送人信息已删除。", "The work was withdrawn; personal data was deleted."),
        "revoked" => said("作品已整体撤下。", "The work was revoked as a whole."),
        "reprocess" => detail.about(said("重新处理，开始于", "Processed again, from"), &say.stage(detail.text("from"))),
        "bulk_started" => said("由批量任务启动新一轮处理。", "A bulk job began a new run."),
        "held" => detail.about(said("影片已保全，不予删除", "The film is held"), detail.text("reason")),
        "noted" => detail.about(said("备注", "Note"), detail.text("note")),
        "let_go" => said("影片不再保全。", "The film is no longer held."),
        "part_failed" => detail.failed(said("未成功，将自动重试", "failed and will be tried again")),
        "part_parked" => {
            detail.failed(said("多次失败，已停下，等待人工处理", "failed too often and waits for a person"))
        }
        "retried" => said("已重试停下的任务。", "Failed parts were retried."),
        "delivery_changed" => detail.about(detail.partner(), &say.delivery(detail.text("state"))),
        "texts_set" => detail.about(said("已填写投放文字", "Texts were written"), &detail.partner()),
        "proof_added" => match detail.text("shows") {
            "gone" => detail.about(said("已登记下架凭据", "A removal was proven"), &detail.partner()),
            _ => detail.about(said("已登记上线凭据", "A publication was reported"), &detail.partner()),
        },
        "unstuck" => said("系统已自动补上缺失的任务。", "A missing part was repaired by the system."),
        "key_replaced" => said("报送人已更换查询链接。", "The entrant replaced the link."),
        "key_revoked" => said("报送人已停用查询链接。", "The entrant disabled the link."),
        "personal_data_removed" => {
            said("报送人信息已按期限删除。", "Personal data was deleted at the end of its retention period.")
        }
        other => other.to_owned(),
    }
}

/// Who did it: the person's name with the role, or the system.
pub fn who(line: &Happened, say: Say) -> String {
    let role = match Actor::called(&line.actor) {
        Some(Actor::Worker) => return say.t("系统", "system").to_owned(),
        Some(Actor::Entrant) => return say.t("报送人", "entrant").to_owned(),
        Some(Actor::Screener) => say.role(Role::Screener),
        Some(Actor::Organiser) => say.role(Role::Organiser),
        Some(Actor::Operator) => say.role(Role::Operator),
        Some(Actor::Auditor) => say.role(Role::Auditor),
        Some(Actor::Admin) => say.role(Role::Admin),
        Some(Actor::Recommender) => say.role(Role::Recommender),
        None => line.actor.as_str(),
    };
    match line.detail.get("by").and_then(Value::as_str) {
        Some(name) => format!("{}{}{role}{}", actor_name(say, name), say.t("（", " ("), say.t("）", ")")),
        None => role.to_owned(),
    }
}

/// The reason, if a person gave one that the sentence does not contain already.
pub fn why(line: &Happened) -> Option<&str> {
    let said = matches!(line.what.as_str(), "rejected" | "recall_ordered" | "held" | "cure_opened");
    line.detail.get("reason").and_then(Value::as_str).filter(|_| !said)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use pipeline::lang::Lang;
    use serde_json::json;

    use super::*;

    const ZH: Say = Say { lang: Lang::Zh };
    const EN: Say = Say { lang: Lang::En };

    fn line(actor: &str, what: &str, detail: Value) -> Happened {
        Happened { at: DateTime::UNIX_EPOCH, actor: actor.into(), what: what.into(), detail }
    }

    fn sentences(what: &str, detail: Value) -> [String; 2] {
        let (line, catalogue) = (line("worker", what, detail), Catalogue::builtin());
        [ZH, EN].map(|say| sentence(&line, &catalogue, say))
    }

    #[test]
    fn what_happened_is_a_sentence_in_both_languages() {
        let [zh, en] = sentences("released", json!({ "partners": ["bilibili", "cctv"] }));
        assert_eq!((zh.as_str(), en.as_str()), ("已批准发布：B站、央视网。", "Released: Bilibili, CCTV.com."));
        let [zh, en] = sentences("released", json!({ "partners": null }));
        assert_eq!((zh.as_str(), en.as_str()), ("已批准发布：全部平台。", "Released: all partners."));
        let [zh, _] = sentences("delivery_changed", json!({ "partner": "cctv", "state": "live" }));
        assert_eq!(zh, "央视网：已上线。");
        let [zh, en] =
            sentences("part_parked", json!({ "stage": "transcode", "part": "segment/3", "error": "no space" }));
        assert_eq!(zh, "转码（片段 3）多次失败，已停下，等待人工处理。 no space");
        assert_eq!(en, "transcode (segment 3): failed too often and waits for a person. no space");
        let [zh, _] = sentences("review_refused", json!({ "words": "画面不清。" }));
        assert_eq!(zh, "初筛不通过：画面不清。");
    }

    #[test]
    fn every_event_of_a_work_has_a_sentence_and_an_unknown_one_is_shown_as_its_name() {
        let known = [
            "entered",
            "uploaded",
            "part_done",
            "screened",
            "rejected",
            "review_accepted",
            "review_refused",
            "released",
            "recalled",
            "recall_ordered",
            "withdrawn",
            "revoked",
            "key_replaced",
            "key_revoked",
            "reprocess",
            "bulk_started",
            "replacing",
            "replaced",
            "corrected",
            "cure_opened",
            "cure_closed",
            "held",
            "let_go",
            "noted",
            "part_failed",
            "part_parked",
            "retried",
            "delivery_changed",
            "texts_set",
            "proof_added",
            "unstuck",
            "personal_data_removed",
        ];
        for what in known {
            let [zh, en] =
                sentences(what, json!({ "partner": "x", "stage": "probe", "part": "mezzanine", "state": "live" }));
            assert!(zh != what && en != what && zh != en, "{what}: {zh} {en}");
        }
        assert_eq!(sentences("abducted", json!({})), ["abducted", "abducted"]);
    }

    #[test]
    fn a_line_names_the_person_and_the_reason() {
        let by_person = line("organiser", "released", json!({ "by": "李明", "reason": "评审通过" }));
        assert_eq!(who(&by_person, ZH), "李明（主办方）");
        assert_eq!(who(&by_person, EN), "李明 (organiser)");
        assert_eq!(why(&by_person), Some("评审通过"));
        assert_eq!(who(&line("worker", "part_done", json!({})), ZH), "系统");
        assert_eq!(why(&line("organiser", "held", json!({ "reason": "争议" }))), None);
    }
}
