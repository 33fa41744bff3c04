//! GET /partners: the partners, their methods, their limits, and the state of our accounts.
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use runtime::problem::Problem;

use super::{Here, READERS, Shell, Visit, page, shown};
use crate::Desk;
use crate::route::Route;
use crate::view::partners::{Account, Limit, Partner, partners};

pub(crate) fn routes() -> Vec<Route> {
    vec![page("/partners", READERS, get(show))]
}

#[derive(Template)]
#[template(path = "partners.html")]
struct PartnersPage {
    shell: Shell,
    partners: Vec<Partner>,
}

async fn show(State(desk): State<Arc<Desk>>, visit: Visit) -> Result<Response, Problem> {
    let partners = partners(&desk).await?;
    shown(&PartnersPage { shell: visit.shell(Here::Partners), partners })
}

impl PartnersPage {
    fn name<'a>(&self, partner: &'a Partner) -> &'a str {
        self.shell.say.t(&partner.zh, &partner.en)
    }

    /// The word and the style of the partner's last answer.
    fn health(&self, account: &Account) -> (&'static str, &'static str) {
        let say = self.shell.say;
        match account.health.as_str() {
            "valid" => (say.t("有效", "valid"), "ok"),
            "refused" => (say.t("被拒绝", "refused"), "bad"),
            _ => (say.t("尚未使用", "not used yet"), ""),
        }
    }

    /// The style of the remaining days: a week is little.
    fn tone(&self, days: &i64) -> &'static str {
        match days {
            ..0 => "bad",
            0..7 => "warn",
            _ => "",
        }
    }

    /// The subject of a limit, with its unit.
    fn limit(&self, limit: &Limit) -> String {
        let say = self.shell.say;
        let (zh, en) = match limit.name.as_str() {
            "max_size_bytes" => return format!("{} {}", say.t("文件至多", "file up to"), say.bytes(&limit.value)),
            "max_duration_s" => {
                return format!("{} {}", say.t("时长至多", "length up to"), say.length(&(limit.value * 1000)));
            }
            "calls_per_minute" => ("每分钟调用", "calls a minute"),
            "max_side_pixels" => ("画面长边至多（像素）", "longest side, pixels"),
            "max_bitrate_kbps" => ("视频码率至多（kbit/s）", "picture, kbit/s"),
            "max_audio_bitrate_kbps" => ("音频码率至多（kbit/s）", "sound, kbit/s"),
            "title_min_chars" => ("标题至少（字）", "title from, characters"),
            "title_max_chars" => ("标题至多（字）", "title up to, characters"),
            "text_max_chars" => ("简介至多（字）", "description up to, characters"),
            "tags_max" => ("标签至多", "most tags"),
            "tags_max_chars" => ("标签合计至多（字）", "all tags, characters"),
            other => (other, other),
        };
        format!("{} {}", say.t(zh, en), limit.value)
    }

    /// The reliability of a limit.
    fn tag(&self, limit: &Limit) -> &'static str {
        let (zh, en) = match limit.tag.as_str() {
            "O" => ("平台文件", "its own document"),
            "C" => ("第三方合同引用", "quoted in a contract"),
            "R" => ("开源实现", "open-source code"),
            "2" => ("二手资料", "secondary page"),
            _ => ("我方假定", "our assumption"),
        };
        self.shell.say.t(zh, en)
    }
}
