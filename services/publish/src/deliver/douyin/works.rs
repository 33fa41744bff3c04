//! The account's works at Douyin: one work by its name, or in the list by its number. Reads only.
use anyhow::{Context, Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::api::{self, Call, Content};
use super::platform::{Failed, text_of};
use super::text;
use crate::task::Task;

/// Works on a page of the list, its maximum.
const PAGE: usize = 20;
/// Most pages that are read: at 75 creates a day, twelve days.
const PAGES: usize = 45;
/// Largest difference between their clock and ours.
const SKEW: TimeDelta = TimeDelta::minutes(10);

/// A work as the platform shows it.
#[derive(Clone, Debug)]
pub(super) struct Work {
    /// Its name there.
    pub(super) item_id: String,
    /// Its text.
    pub(super) text: String,
    /// When it was created.
    created: DateTime<Utc>,
    /// Whether it is shown before all others.
    pinned: bool,
    /// `video_status`.
    pub(super) status: i64,
    /// Its public address.
    pub(super) share_url: Option<String>,
}

/// One work by its name; `None` if the platform does not know it.
pub(super) async fn by_name(task: &Task<'_>, item_id: &str) -> Result<Result<Option<Work>, Failed>> {
    let call = Call::new("video.data", "video_data/", Content::Json(json!({ "item_ids": [item_id] })));
    let data = match api::call(task, &call).await? {
        Ok(data) => data,
        Err(failed) => return Ok(Err(failed)),
    };
    // An answer about another work is ignored.
    let works = works(&data)?;
    if let Some(other) = works.iter().find(|work| work.item_id != item_id) {
        bail!("asked about {item_id}, douyin answers about {}", other.item_id);
    }
    Ok(Ok(works.into_iter().next()))
}

/// The work with this number among those made since `since`, newest first.
pub(super) async fn by_number(
    task: &Task<'_>,
    number: &str,
    since: DateTime<Utc>,
) -> Result<Result<Option<Work>, Failed>> {
    let mut cursor = 0;
    for _ in 0..PAGES {
        let call = Call::new("video.list", "video_list/", Content::Nothing);
        let data = match api::call(task, &call.with("cursor", cursor).with("count", PAGE)).await? {
            Ok(data) => data,
            Err(failed) => return Ok(Err(failed)),
        };
        let page = works(&data)?;
        // Works that the owner pinned come first, however old they are.
        let older = page.iter().any(|work| !work.pinned && work.created < since - SKEW);
        if let Some(work) = page.into_iter().find(|work| text::carries(&work.text, number)) {
            return Ok(Ok(Some(work)));
        }
        if older || data["has_more"] != true {
            return Ok(Ok(None));
        }
        cursor = data["cursor"].as_u64().context("douyin's list has more and no cursor")?;
    }
    bail!("douyin's list of works has more than {PAGES} pages since {since}")
}

fn works(data: &Value) -> Result<Vec<Work>> {
    let list = data["list"].as_array().context("douyin's answer lacks /list")?;
    list.iter().map(work).collect()
}

fn work(row: &Value) -> Result<Work> {
    let created = row["create_time"].as_i64().and_then(|s| DateTime::from_timestamp(s, 0));
    Ok(Work {
        item_id: text_of(row, "/item_id")?,
        text: row["title"].as_str().unwrap_or_default().to_owned(),
        created: created.context("douyin's answer lacks /create_time")?,
        pinned: row["is_top"] == true,
        status: row["video_status"].as_i64().context("douyin's answer lacks /video_status")?,
        share_url: row["share_url"].as_str().filter(|url| url.starts_with("https://")).map(str::to_owned),
    })
}
