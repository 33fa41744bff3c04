//! Bilibili's open platform, as documented (and as assumed where the documents say nothing): signature 2.0, single-use
//! refresh tokens, uploads in parts of 8 MiB, archives that are reviewed, and webhooks.
//!
//! Assumed, because no document says so: a wrong MD5 or HMAC is answered 4002, an invalid token −101, a refresh token
//! that was already used −904 (and all tokens of that account become void), a deleted archive −404, a wrong parameter
//! −400; an upload_token may be submitted twice; lists are newest first.
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::{Answer, Asked, Platform, World};

mod archive;
mod signature;
mod tokens;
mod upload;

pub(crate) use archive::Archive;

/// Size of every part but the last, bytes.
pub(crate) const PART_BYTES: u64 = 8 * 1024 * 1024;

/// The application's and the account's credentials.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    /// Seconds since 1970.
    pub(crate) expires_at: i64,
}

/// Settings of the platform.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How long a review takes.
    pub(crate) review: Duration,
    /// Whether the account may submit more than five works a day.
    pub(crate) formal: bool,
    /// How long a new access token is valid, seconds.
    pub(crate) token_s: i64,
    /// The address of webhooks; `None` sends none.
    pub(crate) webhook: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { review: Duration::from_millis(200), formal: true, token_s: 30 * 86_400, webhook: None }
    }
}

/// The emulator.
pub(crate) struct Bilibili {
    state: Mutex<State>,
    dir: TempDir,
}

struct State {
    settings: Settings,
    keys: Keys,
    nonces: Vec<String>,
    used_refresh_tokens: Vec<String>,
    uploads: BTreeMap<String, upload::Upload>,
    covers: Vec<String>,
    archives: Vec<Archive>,
    /// Answers given instead of handling the next call of a name: code and message.
    instead: VecDeque<(&'static str, i64, String)>,
    /// Titles that the review refuses, and the reasons.
    unfit: Vec<(String, String)>,
}

/// A refusal: the platform's code and message.
type Refusal = (i64, String);

impl Bilibili {
    /// A platform with one application and one account.
    pub(crate) fn new(settings: Settings) -> Self {
        let secret = |what: &str| format!("{what}-canary-{}", Uuid::new_v4().simple());
        let keys = Keys {
            client_id: "reelmill-test".into(),
            client_secret: secret("client-secret"),
            access_token: secret("access"),
            refresh_token: secret("refresh"),
            expires_at: runtime::clock::Clock::default().now().timestamp() + settings.token_s,
        };
        let state = State {
            settings,
            keys,
            nonces: Vec::new(),
            used_refresh_tokens: Vec::new(),
            uploads: BTreeMap::new(),
            covers: Vec::new(),
            archives: Vec::new(),
            instead: VecDeque::new(),
            unfit: Vec::new(),
        };
        let dir = tempfile::Builder::new().prefix("bilibili-emulator-").tempdir().expect("a directory for uploads");
        Self { state: Mutex::new(state), dir }
    }

    /// The credentials that are valid now.
    pub(crate) fn keys(&self) -> Keys {
        self.lock().keys.clone()
    }

    /// Changes the settings.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.lock().settings);
    }

    /// Makes the access token expire at this time, seconds since 1970. Call it before the token is given to a client.
    pub(crate) fn expire_at(&self, at_s: i64) {
        self.lock().keys.expires_at = at_s;
    }

    /// The account's owner authorises the application again: new, valid tokens.
    pub(crate) fn reissue(&self) -> Keys {
        let state = &mut *self.lock();
        state.keys.access_token = format!("access-canary-{}", Uuid::new_v4().simple());
        state.keys.refresh_token = format!("refresh-canary-{}", Uuid::new_v4().simple());
        state.keys.expires_at = runtime::clock::Clock::default().now().timestamp() + state.settings.token_s;
        state.keys.clone()
    }

    /// The next call of this name is answered with this code and message instead of being handled.
    pub(crate) fn answer_instead(&self, call: &'static str, code: i64, words: &str) {
        self.lock().instead.push_back((call, code, words.to_owned()));
    }

    /// The review refuses works with this title, for this reason.
    pub(crate) fn refuse_in_review(&self, title: &str, reason: &str) {
        self.lock().unfit.push((title.to_owned(), reason.to_owned()));
    }

    /// Every archive that was submitted, including deleted ones.
    pub(crate) fn archives(&self) -> Vec<Archive> {
        self.lock().archives.clone()
    }

    /// Archives with this title that are not deleted.
    pub(crate) fn of_title(&self, title: &str) -> Vec<Archive> {
        self.archives().into_iter().filter(|archive| archive.title == title && !archive.deleted).collect()
    }

    /// The film that was uploaded with a token, as it arrived.
    pub(crate) fn film(&self, upload_token: &str) -> PathBuf {
        self.dir.path().join(upload_token)
    }

    /// The environment in which `reelmill partner authorise bilibili` and the adapter find this platform and these keys.
    pub(crate) fn env(&self, url: &str) -> Vec<(&'static str, String)> {
        let keys = self.keys();
        vec![
            ("PARTNER_BILIBILI_API_URL", url.to_owned()),
            ("PARTNER_BILIBILI_MEMBER_URL", url.to_owned()),
            ("PARTNER_BILIBILI_UPLOAD_URL", url.to_owned()),
            ("PARTNER_BILIBILI_CLIENT_ID", keys.client_id),
            ("PARTNER_BILIBILI_CLIENT_SECRET", keys.client_secret),
            ("PARTNER_BILIBILI_ACCESS_TOKEN", keys.access_token),
            ("PARTNER_BILIBILI_REFRESH_TOKEN", keys.refresh_token),
            ("PARTNER_BILIBILI_EXPIRES_AT", keys.expires_at.to_string()),
        ]
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panicked")
    }
}

impl Platform for Bilibili {
    fn call(&self, asked: &Asked) -> &'static str {
        match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/x/account-oauth2/v1/token") => "token",
            ("POST", "/x/account-oauth2/v1/refresh_token") => "refresh",
            ("POST", "/arcopen/fn/archive/video/init") => "init",
            ("POST", "/video/v2/part/upload") => "part",
            ("POST", "/video/v2/upload") => "whole",
            ("POST", "/arcopen/fn/archive/video/complete") => "complete",
            ("POST", "/arcopen/fn/archive/cover/upload") => "cover",
            ("POST", "/arcopen/fn/archive/add-by-utoken") => "add",
            ("GET", "/arcopen/fn/archive/view") => "view",
            ("GET", "/arcopen/fn/archive/viewlist") => "viewlist",
            ("POST", "/arcopen/fn/archive/edit") => "edit",
            ("POST", "/arcopen/fn/archive/delete") => "delete",
            _ => "unknown",
        }
    }

    fn answer(&self, world: &World, asked: &Asked) -> Answer {
        let call = self.call(asked);
        let state = &mut *self.lock();
        let done = match state.instead.iter().position(|(name, _, _)| *name == call) {
            Some(at) => state.instead.remove(at).map_or(Ok(Value::Null), |(_, code, words)| Err((code, words))),
            None => state.done(call, self.dir.path(), world, asked),
        };
        let (code, message, data) = match done {
            Ok(data) => (0, "0".to_owned(), data),
            Err((code, words)) => (code, words, Value::Null),
        };
        let request_id = Uuid::new_v4().simple().to_string();
        Answer::json(&json!({ "code": code, "message": message, "request_id": request_id, "data": data }))
    }

    fn about_another(&self, _call: &str, answer: Answer) -> Answer {
        let mut value = answer.value();
        if let Some(id) = value.pointer_mut("/data/resource_id") {
            *id = "BV1another00".into();
        }
        Answer { body: value.to_string().into(), ..answer }
    }
}

impl State {
    fn done(&mut self, call: &str, dir: &std::path::Path, world: &World, asked: &Asked) -> Result<Value, Refusal> {
        let signed = asked.path.starts_with("/arcopen/");
        if signed {
            self.check_signature(world, asked)?;
            self.check_access_token(world, asked)?;
        }
        match call {
            "token" | "refresh" => self.new_tokens(call, world, asked),
            "init" => self.init(asked),
            "part" => self.part(dir, asked),
            "whole" => self.whole(dir, asked),
            "complete" => self.complete(asked),
            "cover" => self.cover(asked),
            "add" => self.add(world, asked),
            "view" => self.view(world, asked),
            "viewlist" => self.viewlist(world, asked),
            "edit" => self.edit(world, asked),
            "delete" => self.delete(asked),
            _ => Err((-404, "啥都木有".into())),
        }
    }
}

/// A wrong parameter.
fn wrong(what: &str) -> Refusal {
    (-400, format!("请求错误: {what}"))
}
