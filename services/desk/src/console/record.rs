//! The state before and after an act, as lines for people: known fields by their labels, ids by their names. The JSON
//! itself, of which the trail's hashes are computed, is beside it on the page.
use chrono::{DateTime, Utc};
use pages::Say;
use pipeline::catalogue::Catalogue;
use pipeline::rejection::Rejection;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::selected::selected;
use crate::names::{contest_name, part_name, partner_name, place_name, role_name, state_name, theme_name};

/// Most lines of one record: the rest is in the JSON.
const MOST_LINES: usize = 40;

/// Reads records in one language.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) say: Say,
}

/// The labels of fields: name in the record, Chinese, English.
#[rustfmt::skip]
const FIELDS: &[(&str, &str, &str)] = &[
    ("agent", "浏览器", "browser"), ("ask", "事项", "act"), ("at", "时间", "time"), ("by", "方式", "by"), ("codes", "恢复码个数", "codes"),
    ("contest", "活动", "contest"), ("days", "天数", "days"), ("desired", "应有状态", "desired"), ("ended_at", "停用时间", "ended"),
    ("ended_sessions", "结束的登录", "sessions ended"), ("event", "事项", "event"), ("expires_at", "有效期至", "expires"), ("factor", "验证方式", "second factor"),
    ("from", "开始环节", "from"), ("host", "地址", "host"), ("insists", "坚持登记", "insists"), ("job", "批量任务编号", "job"), ("kind", "事项", "kind"),
    ("login", "登录名", "login name"), ("message", "通知编号", "message"), ("messages", "通知数", "messages"), ("name", "姓名", "name"),
    ("not_before", "不早于", "not before"), ("note", "备注", "note"), ("observed", "实际状态", "observed"), ("only", "任务", "only"), ("part", "任务", "part"), ("partner", "平台", "partner"),
    ("partners", "平台", "partners"), ("parts", "任务数", "parts"), ("person", "人员编号", "person"), ("policy", "规则", "policy"),
    ("public_url", "公开地址", "address"), ("purpose", "用途", "purpose"), ("reason", "事由", "reason"), ("receipt", "平台编号", "receipt"),
    ("redo", "重新处理", "new run"), ("replace", "替换文件的平台", "replaced at"), ("role", "角色", "role"), ("roles", "角色", "roles"), ("run", "处理轮次", "run"),
    ("seen_at", "查看时间", "seen"), ("selection", "作品范围", "works"), ("session", "登录编号", "session"), ("sessions", "登录数", "sessions"),
    ("shows", "证明", "shows"), ("since", "自", "since"), ("stage", "环节", "stage"), ("state", "状态", "state"), ("step", "步骤", "step"), ("tags", "标签", "tags"),
    ("text", "简介", "description"), ("texts", "投放文字", "texts"), ("theme", "征选主题", "theme"), ("title", "标题", "title"),
    ("token", "凭证编号", "token"), ("types", "通知类型", "types"), ("unit", "推荐单位", "unit"), ("wanted_at", "应在平台", "desired at"), ("webhook", "通知地址编号", "webhook"),
    ("why", "原因", "why"), ("words", "说明", "words"), ("works", "作品数", "works"),
];

impl Reader<'_> {
    /// The record as lines; empty if there was nothing.
    pub(super) fn lines(&self, record: Option<&Value>) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        if let Some(Value::Object(fields)) = record {
            self.object("", fields, &mut lines);
        }
        lines.truncate(MOST_LINES);
        lines
    }

    fn object(&self, within: &str, fields: &Map<String, Value>, lines: &mut Vec<(String, String)>) {
        for (name, value) in fields {
            let label = format!("{within}{}", self.label(name));
            match value {
                Value::Null => {}
                Value::Object(fields) => match self.whole(name, value) {
                    Some(text) => lines.push((label, text)),
                    None => self.object(&format!("{label}{}", self.say.t("·", " · ")), fields, lines),
                },
                Value::Array(values) if values.is_empty() => {}
                Value::Array(values) => {
                    let texts = values.iter().map(|value| self.value(name, value)).collect::<Vec<_>>();
                    lines.push((label, texts.join(self.say.t("、", ", "))));
                }
                value => lines.push((label, self.value(name, value))),
            }
        }
    }

    fn label<'a>(&self, name: &'a str) -> &'a str {
        let row = FIELDS.iter().find(|(field, _, _)| *field == name);
        row.map_or(name, |(_, zh, en)| self.say.t(zh, en))
    }

    /// An object that stands for one thing: a held role, the reason of a rejection.
    fn whole(&self, name: &str, value: &Value) -> Option<String> {
        if let Some(role) = value.get("role").and_then(Value::as_str) {
            let contest = value.get("contest").and_then(Value::as_str);
            let unit = value.get("unit").and_then(Value::as_str);
            return Some(role_name(self.catalogue, self.say, role, contest, unit));
        }
        let rejection = (name == "reason").then(|| Rejection::deserialize(value).ok()).flatten()?;
        Some(rejection.text(self.say.lang))
    }

    fn value(&self, field: &str, value: &Value) -> String {
        match value {
            Value::String(text) => self.text(field, text),
            Value::Bool(true) => self.say.t("是", "yes").to_owned(),
            Value::Bool(false) => self.say.t("否", "no").to_owned(),
            Value::Object(_) => self.whole(field, value).unwrap_or_else(|| value.to_string()),
            other => other.to_string(),
        }
    }

    /// A text of a field whose values have names.
    fn text(&self, field: &str, text: &str) -> String {
        let Self { catalogue, say } = *self;
        match field {
            "partner" | "partners" | "replace" | "wanted_at" => partner_name(catalogue, say, text),
            "contest" => contest_name(catalogue, say, text),
            "theme" => theme_name(catalogue, say, None, text),
            "stage" | "from" => say.stage(text),
            "part" => part_name(catalogue, say, text),
            "only" => place_name(catalogue, say, text),
            "role" | "roles" => {
                let (role, place) = text.split_once('@').unzip();
                let (contest, unit) = place.map_or((None, None), |it: &str| {
                    it.split_once('/').map_or((Some(it), None), |(contest, unit)| (Some(contest), Some(unit)))
                });
                role_name(catalogue, say, role.unwrap_or(text), contest, unit)
            }
            "selection" => selected(catalogue, say, text),
            "state" | "desired" | "observed" | "shows" => self.state(text),
            "event" | "kind" => self.act(text),
            _ => match text.parse::<DateTime<Utc>>() {
                Ok(at) => say.time(&at),
                Err(_) => text.to_owned(),
            },
        }
    }

    /// A state of a work, of a delivery, or of a job; what is desired of a delivery.
    fn state(&self, name: &str) -> String {
        match name {
            "gone" => self.say.t("撤下", "gone").to_owned(),
            other => state_name(self.say, other),
        }
    }

    fn act(&self, name: &str) -> String {
        let (zh, en) = match name {
            "released" | "release" => ("发布", "release"),
            "recalled" | "revoked" | "recall" => ("撤下", "recall"),
            "reprocess" => ("重新处理", "new run"),
            other => return other.to_owned(),
        };
        self.say.t(zh, en).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use pipeline::lang::Lang;
    use serde_json::json;

    use super::*;

    fn lines(record: Value) -> Vec<String> {
        let reader = Reader { catalogue: &Catalogue::builtin(), say: Say::new(Lang::Zh) };
        reader.lines(Some(&record)).into_iter().map(|(label, text)| format!("{label}={text}")).collect()
    }

    #[test]
    fn ids_and_stable_names_of_a_record_are_shown_as_names() {
        let released = json!({ "run": 2, "state": "publish", "partners": ["cctv", "bilibili"], "at": null });
        assert_eq!(lines(released), ["平台=央视网、B站", "处理轮次=2", "状态=投放中"]);
        let job = json!({ "selection": "state=published partner=cctv", "ask": { "event": "recalled", "partners": ["cctv"] }, "works": 3 });
        assert_eq!(
            lines(job),
            ["事项·事项=撤下", "事项·平台=央视网", "作品范围=作品状态：已投放；平台：央视网", "作品数=3"]
        );
        let person = json!({ "name": "李明", "roles": [{ "role": "screener", "contest": "demo" }], "ended_at": "2026-11-30T20:30:00Z" });
        let roles = format!("角色=初筛员（{}）", Catalogue::builtin().contests[&"demo".into()].name.zh);
        assert_eq!(lines(person), ["停用时间=2026-12-01 04:30".to_owned(), "姓名=李明".to_owned(), roles]);
    }

    #[test]
    fn what_is_not_known_is_shown_as_it_is() {
        assert_eq!(lines(json!({ "colour": "red", "partner": "gone", "empty": [] })), ["colour=red", "平台=gone"]);
        let reader = Reader { catalogue: &Catalogue::builtin(), say: Say::new(Lang::En) };
        assert!(reader.lines(None).is_empty());
    }

    #[test]
    fn every_field_is_listed_once_and_in_order() {
        assert!(FIELDS.is_sorted_by(|a, b| a.0 < b.0));
    }
}
