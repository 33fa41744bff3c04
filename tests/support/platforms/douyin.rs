//! Douyin's open platform as its documents describe it, and no more lenient: who may call, the size of a part, one
//! create per video, a review that takes time. Where the documents say nothing it is strict.
//!
//! | what | file |
//! |---|---|
//! | tokens and their renewal | `tokens` |
//! | a video in one piece or in parts | `uploads` |
//! | works: create, review, list, read | `items` |
//! | webhooks | `news` |
//! | the codes it refuses with | `codes` |
//!
//! There is no call that deletes a work. Only a person can, on the platform's own pages: [`Douyin::person_deletes`].
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Asked, Platform, World};
use codes::Refusal;
use items::Item;
use tokens::{Authorisation, Tokens};
use uploads::{Upload, Video};

pub(crate) mod codes;
pub(crate) mod items;
pub(crate) mod news;
pub(crate) mod tokens;
pub(crate) mod uploads;

/// Settings of the platform.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// The application's name.
    pub(crate) client_key: String,
    /// Its secret, with which webhooks are signed.
    pub(crate) client_secret: String,
    /// The one account that authorised it.
    pub(crate) open_id: String,
    /// How long a review takes.
    pub(crate) review: Duration,
    /// Creates a day per user.
    pub(crate) creates_a_day: usize,
    /// Whether the application was granted `video.create.bind`.
    pub(crate) may_create: bool,
    /// Where webhooks go.
    pub(crate) webhook: Option<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            client_key: "emulated-client-key".into(),
            client_secret: format!("client-secret-canary-{}", Uuid::new_v4().simple()),
            open_id: "_000emulated-open-id".into(),
            review: Duration::from_millis(300),
            creates_a_day: 75,
            may_create: true,
            webhook: None,
        }
    }
}

/// The platform.
pub(crate) struct Douyin {
    state: Mutex<State>,
}

/// The state of the platform.
pub(super) struct State {
    rules: Rules,
    tokens: Tokens,
    uploads: BTreeMap<String, Upload>,
    videos: BTreeMap<String, Video>,
    items: Vec<Item>,
    /// Texts of works that the review will refuse.
    unsuitable: BTreeSet<String>,
    /// Answers given instead of handling the next call of a name.
    instead: VecDeque<(&'static str, Refusal)>,
    serial: u64,
}

impl Douyin {
    /// A platform with one account, which authorised the application just now: see [`Douyin::authorisation`].
    pub(crate) fn new(rules: Rules, world: &World) -> Self {
        let mut state = State {
            rules,
            tokens: Tokens::default(),
            uploads: BTreeMap::new(),
            videos: BTreeMap::new(),
            items: Vec::new(),
            unsuitable: BTreeSet::new(),
            instead: VecDeque::new(),
            serial: 0,
        };
        state.authorise(world);
        Self { state: Mutex::new(state) }
    }

    /// The settings.
    pub(crate) fn rules(&self) -> Rules {
        self.lock().rules.clone()
    }

    /// Changes a rule while it runs, such as taking a capability away.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Rules)) {
        change(&mut self.lock().rules);
    }

    /// The tokens that are valid now.
    pub(crate) fn authorisation(&self) -> Authorisation {
        self.lock().tokens.authorisation()
    }

    /// The account's owner authorises the application again: new tokens, five renewals.
    pub(crate) fn authorise(&self, world: &World) -> Authorisation {
        self.lock().authorise(world)
    }

    /// Every completely uploaded video, by its name.
    pub(crate) fn videos(&self) -> BTreeMap<String, Video> {
        self.lock().videos.clone()
    }

    /// The existing works, oldest first.
    pub(crate) fn items(&self) -> Vec<Item> {
        self.lock().items.clone()
    }

    /// Whether a work is public now.
    pub(crate) fn is_public(&self, world: &World, item_id: &str) -> bool {
        let state = self.lock();
        state.items.iter().any(|item| item.item_id == item_id && state.status(world, item) == items::Status::Public)
    }

    /// The review will refuse every work with this text.
    pub(crate) fn find_unsuitable(&self, text: &str) {
        self.lock().unsuitable.insert(text.to_owned());
    }

    /// The next call of this name is answered with this code and message instead of being handled.
    pub(crate) fn answer_instead(&self, call: &'static str, code: i64, words: &str) {
        self.lock().instead.push_back((call, Refusal::code(code, words)));
    }

    /// The settings with which a service finds this platform at `url` and our account there.
    pub(crate) fn env(&self, url: &str) -> Vec<(&'static str, String)> {
        let state = self.lock();
        let Authorisation { refresh_token, .. } = state.tokens.authorisation();
        vec![
            ("PARTNER_DOUYIN_URL", url.to_owned()),
            ("PARTNER_DOUYIN_CLIENT_KEY", state.rules.client_key.clone()),
            ("PARTNER_DOUYIN_CLIENT_SECRET", state.rules.client_secret.clone()),
            ("PARTNER_DOUYIN_OPEN_ID", state.rules.open_id.clone()),
            ("PARTNER_DOUYIN_REFRESH_TOKEN", refresh_token),
        ]
    }

    /// Deletes a work as a person does on the platform's pages; the API cannot.
    pub(crate) fn person_deletes(&self, item_id: &str) -> bool {
        let mut state = self.lock();
        let before = state.items.len();
        state.items.retain(|item| item.item_id != item_id);
        before != state.items.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panicked")
    }
}

impl Platform for Douyin {
    fn call(&self, asked: &Asked) -> &'static str {
        match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/oauth/refresh_token/") => "refresh",
            ("POST", "/oauth/renew_refresh_token/") => "renew",
            ("POST", "/api/douyin/v1/video/upload_video/") => "upload",
            ("POST", "/api/douyin/v1/video/init_video_part_upload/") => "init",
            ("POST", "/api/douyin/v1/video/upload_video_part/") => "part",
            ("POST", "/api/douyin/v1/video/complete_video_part_upload/") => "complete",
            ("POST", "/api/douyin/v1/video/create_video/") => "create",
            ("POST", "/api/douyin/v1/video/video_data/") => "data",
            ("GET", "/api/douyin/v1/video/video_list/") => "list",
            _ => "unknown",
        }
    }

    fn answer(&self, world: &World, asked: &Asked) -> Answer {
        let call = self.call(asked);
        if call == "unknown" {
            return Answer::status(404, "not found");
        }
        let mut state = self.lock();
        let answered = state.dispatch(world, call, asked);
        state.enclose(answered)
    }

    fn about_another(&self, _: &str, answer: Answer) -> Answer {
        let mut value = answer.value();
        for at in ["/data/item_id", "/data/video/video_id", "/data/upload_id", "/data/list/0/item_id"] {
            if let Some(name) = value.pointer_mut(at) {
                *name = json!("@9VsomebodyElse+/==");
            }
        }
        Answer::json(&value)
    }
}

impl State {
    fn dispatch(&mut self, world: &World, call: &str, asked: &Asked) -> Result<Value, Refusal> {
        match call {
            "refresh" => return self.refresh_token(world, asked),
            "renew" => return self.renew_refresh_token(world, asked),
            _ => self.check_caller(world, asked)?,
        }
        if let Some(at) = self.instead.iter().position(|(name, _)| *name == call) {
            // A create that fails has used its video like any other.
            if let (true, Some(video)) =
                (call == "create", self.videos.get_mut(asked.json()["video_id"].as_str().unwrap_or_default()))
            {
                video.used = true;
            }
            return Err(self.instead.remove(at).expect("found a line above").1);
        }
        match call {
            "upload" => self.upload_video(asked),
            "init" => Ok(self.init_upload()),
            "part" => self.upload_part(asked),
            "complete" => self.complete_upload(asked),
            "create" => self.create_video(world, asked),
            "data" => self.video_data(world, asked),
            _ => self.video_list(world, asked),
        }
    }

    /// Wraps an answer in the common form; the HTTP status is always 200.
    fn enclose(&mut self, answered: Result<Value, Refusal>) -> Answer {
        self.serial += 1;
        let (mut data, code, words) = match answered {
            Ok(data) => (data, 0, String::new()),
            Err(Refusal { code, words }) => (json!({}), code, words),
        };
        data["error_code"] = json!(code);
        data["description"] = json!(words);
        let extra =
            json!({ "error_code": code, "description": words, "logid": format!("emulated{:020}", self.serial) });
        let message = if code == 0 { "success" } else { "error" };
        Answer::json(&json!({ "data": data, "extra": extra, "message": message }))
    }

    /// A unique name, with the characters of real names that must be escaped in a query.
    fn name(&mut self, prefix: &str) -> String {
        self.serial += 1;
        format!("{prefix}{:08x}+/{}==", self.serial, Uuid::new_v4().simple())
    }
}

/// A JSON body.
fn json_body(asked: &Asked) -> Result<Value, Refusal> {
    if !asked.header("content-type").starts_with("application/json") || asked.json().is_null() {
        return Err(Refusal::parameter("the body is application/json"));
    }
    Ok(asked.json())
}

/// A URL-encoded form.
fn form_body(asked: &Asked) -> Result<BTreeMap<String, String>, Refusal> {
    if !asked.header("content-type").starts_with("application/x-www-form-urlencoded") {
        return Err(Refusal::parameter("the body is application/x-www-form-urlencoded"));
    }
    Ok(asked.form())
}
