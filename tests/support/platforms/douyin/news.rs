//! Douyin's webhooks: signed with the client's secret over the body; a message keeps its `Msg-Id` when it is repeated.
use std::time::Duration;

use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use uuid::Uuid;

use super::super::Notice;
use super::items::Item;
use super::{Douyin, Rules, State, World};

impl Douyin {
    /// The check of an address: the server there must answer with the same challenge.
    pub(crate) fn challenge(&self, challenge: u64) -> Option<Notice> {
        notice(&self.lock().rules, "verify_webhook", json!({ "challenge": challenge }))
    }

    /// A properly signed notice about a work that this platform may not even have.
    pub(crate) fn news_of(&self, item_id: &str, video_status: i64) -> Option<Notice> {
        reviewed(&self.lock().rules, item_id, video_status)
    }
}

impl State {
    /// The creation of a work, now, and the result of its review, later.
    pub(super) fn tell_of(&self, world: &World, item: &Item) {
        let content = json!({ "share_id": "", "item_id": item.item_id, "has_default_hashtag": false });
        if let Some(created) = notice(&self.rules, "create_video", Value::String(content.to_string())) {
            world.notices.send(Duration::ZERO, created);
        }
        if let Some(reviewed) = reviewed(&self.rules, &item.item_id, item.after_review() as i64) {
            world.notices.send(self.rules.review, reviewed);
        }
    }
}

fn reviewed(rules: &Rules, item_id: &str, video_status: i64) -> Option<Notice> {
    // The platform sends the content as a string that contains JSON, except for the challenge.
    let content = json!({ "item_id": item_id, "video_status": video_status });
    notice(rules, "video_status", Value::String(content.to_string()))
}

/// A signed webhook; `None` if no address is set.
fn notice(rules: &Rules, event: &str, content: Value) -> Option<Notice> {
    let url = rules.webhook.clone()?;
    let body = json!({
        "event": event, "client_key": rules.client_key, "from_user_id": rules.open_id, "content": content,
    })
    .to_string();
    let headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("msg-id".to_owned(), Uuid::new_v4().to_string()),
        ("x-douyin-signature".to_owned(), sign(&rules.client_secret, &body)),
    ];
    Some(Notice { name: event.to_owned(), url, headers, body: body.into() })
}

/// Hex SHA-1 of the secret and the body.
pub(crate) fn sign(client_secret: &str, body: &str) -> String {
    hex::encode(Sha1::new().chain_update(client_secret).chain_update(body).finalize())
}
