//! Archives: submitted, reviewed after a while, viewed, edited, deleted; and the webhooks about them.
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use uuid::Uuid;

use super::{Refusal, State, wrong};
use crate::support::platforms::{Asked, Notice, World};

/// Submissions a day of an account that is not a formal member.
const A_DAY: usize = 5;

/// The most archives in one answer of `viewlist`.
const PAGE: usize = 50;

/// One archive.
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    /// Its BV id.
    pub(crate) resource_id: String,
    pub(crate) title: String,
    pub(crate) desc: String,
    pub(crate) tag: String,
    pub(crate) cover: String,
    pub(crate) tid: i64,
    pub(crate) copyright: i64,
    /// The upload that it shows.
    pub(crate) upload_token: String,
    /// When it was submitted, seconds since 1970.
    pub(crate) ctime: i64,
    /// When the review ends, milliseconds since 1970.
    pub(crate) reviewed_ms: i64,
    /// Why the review refuses it.
    pub(crate) reject_reason: Option<String>,
    /// Whether it was deleted.
    pub(crate) deleted: bool,
}

impl Archive {
    /// 0 open, −2 returned, −30 in review.
    pub(crate) fn state(&self, now_ms: i64) -> i64 {
        match &self.reject_reason {
            _ if now_ms < self.reviewed_ms => -30,
            Some(_) => -2,
            None => 0,
        }
    }

    fn json(&self, now_ms: i64) -> Value {
        let state = self.state(now_ms);
        let (said, reason) = match state {
            0 => ("开放浏览", ""),
            -2 => ("打回", self.reject_reason.as_deref().unwrap_or_default()),
            _ => ("创建提交", ""),
        };
        let open =
            if state == 0 { format!("https://www.bilibili.com/video/{}", self.resource_id) } else { String::new() };
        json!({
            "resource_id": self.resource_id, "title": self.title, "desc": self.desc, "tag": self.tag, "cover": self.cover,
            "tid": self.tid, "copyright": self.copyright, "no_reprint": 1, "ctime": self.ctime,
            "ptime": if state == 0 { self.reviewed_ms / 1000 } else { 0 },
            "addit_info": { "state": state, "state_desc": said, "reject_reason": reason },
            "video_info": { "cid": 1, "filename": format!("n{}", self.ctime), "duration": 120, "share_url": open, "iframe_url": "" },
        })
    }
}

impl State {
    pub(super) fn add(&mut self, world: &World, asked: &Asked) -> Result<Value, Refusal> {
        let token = asked.param("upload_token").to_owned();
        if !self.uploads.get(&token).is_some_and(|upload| upload.complete) {
            return Err(wrong("upload_token"));
        }
        let body = asked.json();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        self.check_texts(&body)?;
        let now_ms = world.clock.now().timestamp_millis();
        let title = text("title");
        if self.archives.iter().any(|other| other.title == title && !other.deleted) {
            return Err((123_015, "稿件标题重复，请稍后再试".into()));
        }
        let today = self.archives.iter().filter(|other| other.ctime > now_ms / 1000 - 86_400).count();
        if !self.settings.formal && today >= A_DAY {
            return Err((123_036, "非正式会员每日最多投稿5个".into()));
        }
        let reject_reason = self.unfit.iter().find(|(unfit, _)| *unfit == title).map(|(_, reason)| reason.clone());
        let archive = Archive {
            resource_id: format!("BV1{}", &Uuid::new_v4().simple().to_string()[..9]),
            title,
            desc: text("desc"),
            tag: text("tag"),
            cover: text("cover"),
            tid: body["tid"].as_i64().unwrap_or_default(),
            copyright: body["copyright"].as_i64().unwrap_or_default(),
            upload_token: token,
            ctime: now_ms / 1000,
            reviewed_ms: now_ms + self.settings.review.as_millis() as i64,
            reject_reason,
            deleted: false,
        };
        let resource_id = archive.resource_id.clone();
        self.notify(world, &archive);
        self.archives.push(archive);
        Ok(json!({ "resource_id": resource_id }))
    }

    /// The limits, in characters.
    fn check_texts(&self, body: &Value) -> Result<(), Refusal> {
        let chars = |name: &str| body[name].as_str().unwrap_or_default().chars().count();
        let within = |name: &str, min: usize, max: usize| {
            (min..=max).contains(&chars(name)).then_some(()).ok_or_else(|| wrong(name))
        };
        within("title", 1, 80)?;
        within("desc", 0, 250)?;
        within("tag", 1, 200)?;
        if !self.covers.iter().any(|cover| body["cover"] == cover.as_str()) {
            return Err(wrong("cover"));
        }
        if body["tid"].as_i64().unwrap_or_default() <= 0 {
            return Err(wrong("tid"));
        }
        match body["copyright"].as_i64() {
            Some(1) => {}
            Some(2) if chars("source") > 0 => {}
            _ => return Err(wrong("copyright or source")),
        }
        matches!(body["no_reprint"].as_i64(), None | Some(0 | 1)).then_some(()).ok_or_else(|| wrong("no_reprint"))
    }

    /// Sends the review's result to the application's webhook, once there is one.
    fn notify(&self, world: &World, archive: &Archive) {
        let Some(url) = self.settings.webhook.clone() else { return };
        let name = if archive.reject_reason.is_some() { "video_fail" } else { "video_open" };
        let content = json!({ "resource_id": archive.resource_id, "reject_reason": archive.reject_reason });
        let body = json!({ "event": name, "client_id": self.keys.client_id, "content": content }).to_string();
        let signature = Sha1::new().chain_update(&self.keys.client_secret).chain_update(&body).finalize();
        let headers = vec![
            ("x-bilibili-signature".to_owned(), hex::encode(signature)),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        world.notices.send(self.settings.review, Notice { name: name.into(), url, headers, body: body.into() });
    }

    pub(super) fn view(&self, world: &World, asked: &Asked) -> Result<Value, Refusal> {
        let now_ms = world.clock.now().timestamp_millis();
        self.existing(asked.param("resource_id")).map(|archive| archive.json(now_ms))
    }

    pub(super) fn viewlist(&self, world: &World, asked: &Asked) -> Result<Value, Refusal> {
        let number = |name: &str| asked.param(name).parse::<usize>().ok().filter(|number| *number > 0);
        let (page, size) = (number("pn").ok_or_else(|| wrong("pn"))?, number("ps").ok_or_else(|| wrong("ps"))?);
        if size > PAGE {
            return Err(wrong("ps"));
        }
        let now_ms = world.clock.now().timestamp_millis();
        let there: Vec<&super::Archive> = self.archives.iter().rev().filter(|archive| !archive.deleted).collect();
        let list: Vec<Value> =
            there.iter().skip((page - 1) * size).take(size).map(|archive| archive.json(now_ms)).collect();
        Ok(json!({ "page": { "pn": page, "ps": size, "total": there.len() }, "list": list }))
    }

    /// Changes texts only; the archive is reviewed again.
    pub(super) fn edit(&mut self, world: &World, asked: &Asked) -> Result<Value, Refusal> {
        let body = asked.json();
        self.check_texts(&body)?;
        let review = self.settings.review;
        let id = body["resource_id"].as_str().unwrap_or_default();
        let archive = self.archives.iter_mut().find(|archive| archive.resource_id == id && !archive.deleted);
        let archive = archive.ok_or_else(|| (-404, "啥都木有".to_owned()))?;
        archive.title = body["title"].as_str().unwrap_or_default().to_owned();
        archive.desc = body["desc"].as_str().unwrap_or_default().to_owned();
        archive.tag = body["tag"].as_str().unwrap_or_default().to_owned();
        archive.reviewed_ms = world.clock.now().timestamp_millis() + review.as_millis() as i64;
        Ok(json!({ "resource_id": archive.resource_id }))
    }

    pub(super) fn delete(&mut self, asked: &Asked) -> Result<Value, Refusal> {
        let body = asked.json();
        let id = self.existing(body["resource_id"].as_str().unwrap_or_default())?.resource_id.clone();
        self.archives.iter_mut().filter(|archive| archive.resource_id == id).for_each(|archive| archive.deleted = true);
        Ok(Value::Null)
    }

    fn existing(&self, id: &str) -> Result<&Archive, Refusal> {
        let found = self.archives.iter().find(|archive| archive.resource_id == id && !archive.deleted);
        found.ok_or_else(|| (-404, "啥都木有".to_owned()))
    }
}
