//! Works on the platform: created from a video that no create has used before, reviewed for a while, then public or
//! unsuitable.
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::codes::{self, Refusal};
use super::{Asked, State, World, json_body};

/// Most characters of a text.
pub(crate) const TEXT_CHARS: usize = 1000;
/// Most works on one page of the list.
pub(crate) const PAGE: usize = 20;
/// Most works in one call of `video_data`.
const ASKED_AT_ONCE: usize = 50;

/// The values of `video_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Unsuitable.
    Unsuitable = 2,
    /// In review.
    InReview = 4,
    /// Visible to everyone.
    Public = 5,
    /// Visible to friends.
    Friends = 6,
    /// Visible to its owner.
    Private = 7,
}

/// A work.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Its name.
    pub(crate) item_id: String,
    /// The video it was made from.
    pub(crate) video_id: String,
    /// Its text.
    pub(crate) text: String,
    /// When it was made.
    pub(crate) created: DateTime<Utc>,
    private_status: u64,
    unsuitable: bool,
}

impl State {
    pub(super) fn create_video(&mut self, world: &World, asked: &Asked) -> Result<Value, Refusal> {
        let body = json_body(asked)?;
        let video_id = body["video_id"].as_str().unwrap_or_default().to_owned();
        let Some(video) = self.videos.get_mut(&video_id) else {
            return Err(Refusal::parameter("video_id is missing or unknown"));
        };
        // From here on the video is used, whatever the outcome.
        if std::mem::replace(&mut video.used, true) {
            return Err(Refusal::parameter("video_id was used before"));
        }
        if !self.rules.may_create {
            return Err(Refusal::code(codes::NO_CAPABILITY, "应用未获得该能力"));
        }
        let text = body["text"].as_str().unwrap_or_default().to_owned();
        if text.chars().count() > TEXT_CHARS {
            return Err(Refusal::parameter("text is longer than 1000 characters"));
        }
        let private_status = body["private_status"].as_u64().unwrap_or_default();
        if private_status > 2 {
            return Err(Refusal::parameter("private_status is 0, 1 or 2"));
        }
        let day_ago = world.clock.now() - TimeDelta::days(1);
        if self.items.iter().filter(|item| item.created > day_ago).count() >= self.rules.creates_a_day {
            return Err(Refusal::code(codes::DAILY_LIMIT, "单个用户每天最多发布75条视频"));
        }
        let item = Item {
            item_id: self.name("@9V"),
            video_id,
            unsuitable: self.unsuitable.iter().any(|word| text.contains(word.as_str())),
            text,
            created: world.clock.now(),
            private_status,
        };
        self.tell_of(world, &item);
        let answer = json!({ "item_id": item.item_id, "video_id": item.video_id });
        self.items.push(item);
        Ok(answer)
    }

    pub(super) fn video_data(&self, world: &World, asked: &Asked) -> Result<Value, Refusal> {
        let body = json_body(asked)?;
        let asked: Vec<&str> = body["item_ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if asked.is_empty() || asked.len() > ASKED_AT_ONCE {
            return Err(Refusal::parameter("item_ids names one to fifty works"));
        }
        let found = self.items.iter().filter(|item| asked.contains(&item.item_id.as_str()));
        Ok(json!({ "list": found.map(|item| self.row(world, item)).collect::<Vec<_>>() }))
    }

    /// Newest first, in pages.
    pub(super) fn video_list(&self, world: &World, asked: &Asked) -> Result<Value, Refusal> {
        let number = |name: &str| asked.param(name).parse::<usize>().ok();
        let (Some(cursor), Some(count)) = (number("cursor"), number("count")) else {
            return Err(Refusal::parameter("cursor and count are numbers"));
        };
        if !(1..=PAGE).contains(&count) {
            return Err(Refusal::parameter("count is 1 to 20"));
        }
        let page: Vec<Value> =
            self.items.iter().rev().skip(cursor).take(count).map(|item| self.row(world, item)).collect();
        let next = cursor + page.len();
        Ok(json!({ "list": page, "cursor": next, "has_more": next < self.items.len() }))
    }

    /// The current status of a work.
    pub(super) fn status(&self, world: &World, item: &Item) -> Status {
        if world.clock.now() < item.created + self.rules.review {
            return Status::InReview;
        }
        item.after_review()
    }

    fn row(&self, world: &World, item: &Item) -> Value {
        let status = self.status(world, item);
        let share = format!("https://www.iesdouyin.com/share/video/{}/", item.created.timestamp_micros());
        json!({
            "item_id": item.item_id, "title": item.text, "create_time": item.created.timestamp(), "video_status": status as i64,
            "is_reviewed": status != Status::InReview, "share_url": share, "is_top": false, "cover": "", "media_type": 4,
            "statistics": { "play_count": 0, "digg_count": 0, "comment_count": 0, "share_count": 0 },
        })
    }
}

impl Item {
    /// The result of the review.
    pub(super) fn after_review(&self) -> Status {
        match (self.unsuitable, self.private_status) {
            (true, _) => Status::Unsuitable,
            (false, 0) => Status::Public,
            (false, 2) => Status::Friends,
            (false, _) => Status::Private,
        }
    }
}
