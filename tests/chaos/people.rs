//! Entrants, a reviewer, an organiser and an operator, each with a person's patience: a request without an answer is
//! sent again, to another replica, with the same key. Every acknowledgement goes into the history.
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::checker::{BAG, DOUYIN, DROP, PARTNERS};
use super::history::{Ack, History};
use super::house::House;
use super::motion::Motion;
use super::plan::{Fate, Plan};
use crate::support::platforms::faults::Chance;
use crate::support::wait::rest;
use crate::support::{Entrant, clips};

/// Time limit of one try.
const A_TRY: Duration = Duration::from_secs(10);
/// Between two polls, and between two tries.
const A_MOMENT: Duration = Duration::from_millis(1200);
/// Longest `Retry-After` that is obeyed, seconds.
const AGAIN_S: u64 = 10;
/// Bytes that an entrant sends in one request.
const CHUNK: usize = 150_000;

/// The people, and what they work with.
pub(super) struct People {
    house: Arc<House>,
    history: Arc<History>,
    http: reqwest::Client,
    turn: AtomicUsize,
    screener: String,
    organiser: String,
    operator: String,
    films: Films,
    motion: Arc<Motion>,
}

impl People {
    /// They give up when no work makes progress any more.
    pub(super) async fn new(house: Arc<House>, history: Arc<History>, motion: Arc<Motion>) -> Self {
        let pipeline = &house.pipeline;
        let [screener, organiser, operator] =
            [pipeline.token("screener").await, pipeline.token("organiser").await, pipeline.token("operator").await];
        let films = Films::make(pipeline.dir());
        let http = reqwest::Client::builder().timeout(A_TRY).connect_timeout(Duration::from_secs(3)).build();
        let http = http.expect("a client");
        Self { house, history, http, turn: AtomicUsize::new(0), screener, organiser, operator, films, motion }
    }

    /// Takes one entry from its form to its end, in all the roles that this needs.
    pub(super) async fn see_through(&self, plan: &Plan, number: usize) {
        let (title, fate) = (title(number), plan.fates[number]);
        let entry = self.history.begin(&title, fate);
        let film = self.films.film(plan.seed, number, fate);
        if let Err(why) = self.way(entry, &title, fate, film).await {
            self.history.give_up(entry, format!("{why:#}"));
        }
    }

    async fn way(&self, entry: usize, title: &str, fate: Fate, film: Vec<u8>) -> Result<()> {
        let (id, token) = self.enter(entry, title).await.context("enter")?;
        self.upload(entry, &token, &film).await.context("upload")?;
        let passes = self.verdict(entry, id, &token).await.context("read the verdict")?;
        if !passes {
            return self.is(id, &token, "rejected").await;
        }
        self.is(id, &token, "awaiting_review").await?;
        let refused = fate == Fate::Refused;
        let (decision, act) = if refused { ("refuse", "review_refused") } else { ("accept", "review_accepted") };
        let decision =
            json!({ "decision": decision, "words": if refused { json!("不是工业题材") } else { Value::Null } });
        self.act(entry, &self.screener, &format!("{id}/review"), &decision, act).await?;
        if refused {
            return self.is(id, &token, "rejected").await;
        }
        self.is(id, &token, "awaiting_release").await?;
        self.act(entry, &self.organiser, &format!("{id}/release"), &json!({}), "released").await?;
        self.hand_over(entry, id).await.context("see it live")?;
        self.is(id, &token, "published").await?;
        if fate == Fate::Recalled {
            let recall = json!({ "reason": "演习", "partners": [DROP] });
            self.act(entry, &self.organiser, &format!("{id}/recall"), &recall, "recall_ordered").await?;
            self.deliveries(id, |seen| (stands(&seen, DROP) == "recalled").then_some(())).await?;
            self.history.note(entry, Ack::Gone(DROP.to_owned()));
        }
        Ok(())
    }

    async fn enter(&self, entry: usize, title: &str) -> Result<(Uuid, String)> {
        let (key, form) = (Uuid::new_v4().to_string(), Entrant::form(title));
        let answer = self
            .ask(|api| {
                self.http.post(format!("http://{api}/api/v1/submissions")).header("Idempotency-Key", &key).json(&form)
            })
            .await?;
        let body: Value = answer.json().await.context("the answer to a form")?;
        let id = body["id"].as_str().and_then(|id| id.parse().ok()).context("the id of an entry")?;
        self.history.note(entry, Ack::Entered(id));
        Ok((id, body["token"].as_str().context("the token of an entry")?.to_owned()))
    }

    async fn upload(&self, entry: usize, token: &str, film: &[u8]) -> Result<()> {
        let sha256 = hex::encode(Sha256::digest(film));
        let metadata = format!("filename {},sha256 {}", BASE64.encode("film.mp4"), BASE64.encode(&sha256));
        let tus = |method: Method, url: String| {
            self.http.request(method, url).bearer_auth(token).header("Tus-Resumable", "1.0.0")
        };
        let created = self
            .ask(|api| {
                let create = tus(Method::POST, format!("http://{api}/files")).header("Upload-Length", film.len());
                create.header("Upload-Metadata", &metadata)
            })
            .await?;
        let location = created.headers()["location"].to_str().context("an upload's address")?;
        let upload: Uuid = location.rsplit('/').next().unwrap_or_default().parse().context("an upload's id")?;
        let mut offset = None;
        while offset != Some(film.len()) {
            let Some(at) = offset else {
                // After a broken connection: how much has arrived?
                let head = self.ask(|api| tus(Method::HEAD, format!("http://{api}/files/{upload}"))).await?;
                offset = Some(self.told_offset(entry, upload, &head)?);
                continue;
            };
            let chunk = film[at..film.len().min(at + CHUNK.max(film.len() / 4))].to_vec();
            let api = self.next_of(&self.house.apis()).context("no service takes uploads")?;
            let patch = tus(Method::PATCH, format!("http://{api}/files/{upload}")).header("Upload-Offset", at);
            let patch = patch.header("Content-Type", "application/offset+octet-stream").body(chunk);
            offset = match patch.send().await {
                Ok(answer) if answer.status() == 204 => Some(self.told_offset(entry, upload, &answer)?),
                Ok(answer) if may_be_asked_again(answer.status()) || answer.status() == 409 => None,
                Ok(answer) => bail!("upload {upload} was answered with {}", answer.status()),
                Err(_) => None,
            };
            if offset.is_none() {
                self.moment().await?;
            }
        }
        self.history.note(entry, Ack::Uploaded { upload, bytes: film.len() as u64, sha256 });
        Ok(())
    }

    fn told_offset(&self, entry: usize, upload: Uuid, answer: &Response) -> Result<usize> {
        let offset = answer.headers().get("upload-offset").and_then(|offset| offset.to_str().ok());
        let bytes: u64 = offset.and_then(|offset| offset.parse().ok()).context("an offset")?;
        self.history.note(entry, Ack::Offset { upload, bytes });
        Ok(bytes as usize)
    }

    /// The verdict that the entrant reads: whether the work keeps the rules.
    async fn verdict(&self, entry: usize, id: Uuid, token: &str) -> Result<bool> {
        loop {
            let place = format!("/api/v1/submissions/{id}");
            let answer = self.ask(|api| self.http.get(format!("http://{api}{place}")).bearer_auth(token)).await?;
            let status: Value = answer.json().await.unwrap_or_default();
            if let Some(rules) = status["verdict"].as_array() {
                let passes = !rules.iter().any(|rule| rule["outcome"] == "fail");
                self.history.note(entry, Ack::Verdict { passes });
                return Ok(passes);
            }
            self.moment().await?;
        }
    }

    /// Delivers the bag, confirms for Douyin, and waits until the work is live everywhere.
    async fn hand_over(&self, entry: usize, id: Uuid) -> Result<()> {
        let (mut carried, mut confirmed, mut live) = (false, false, Vec::new());
        while live.len() < PARTNERS.len() {
            let seen = self.deliveries(id, Some).await?;
            for partner in PARTNERS {
                match stands(&seen, partner) {
                    "live" if !live.contains(&partner) => {
                        live.push(partner);
                        self.history.note(entry, Ack::Live(partner.to_owned()));
                    }
                    "awaiting_operator" if partner == BAG && !carried => {
                        carried = true;
                        let url = json!({ "url": format!("https://partner.example/{id}") });
                        self.act(
                            entry,
                            &self.operator,
                            &format!("{id}/deliveries/{BAG}/delivered"),
                            &url,
                            "proof_added",
                        )
                        .await?;
                    }
                    "awaiting_operator" if partner == DOUYIN && !confirmed => {
                        confirmed = true;
                        self.post(&self.operator, &format!("{id}/deliveries/{DOUYIN}/confirm"), &json!({})).await?;
                    }
                    "refused" => bail!("{partner} refused it: {seen}"),
                    _ => {}
                }
            }
            self.moment().await?;
        }
        Ok(())
    }

    /// Does an act once, and records that it was done.
    async fn act(&self, entry: usize, token: &str, path: &str, body: &Value, act: &'static str) -> Result<()> {
        self.post(token, path, body).await?;
        self.history.note(entry, Ack::Act(act));
        Ok(())
    }

    async fn post(&self, token: &str, path: &str, body: &Value) -> Result<()> {
        let key = Uuid::new_v4().to_string();
        let post = |desk: &str| {
            let post = self.http.post(format!("http://{desk}/api/v1/submissions/{path}")).bearer_auth(token);
            post.header("Idempotency-Key", &key).json(body)
        };
        self.ask_desk(post).await.with_context(|| path.to_owned()).map(drop)
    }

    /// Polls, as its entrant, until the entry is in this state.
    async fn is(&self, id: Uuid, token: &str, state: &str) -> Result<()> {
        let place = format!("/api/v1/submissions/{id}");
        let why = || format!("wait until it is {state}");
        loop {
            let get = |api: &str| self.http.get(format!("http://{api}{place}")).bearer_auth(token);
            // The answer's body may be cut off.
            let seen: Value = self.ask(get).await.with_context(why)?.json().await.unwrap_or_default();
            let now = seen["state"].as_str().unwrap_or_default();
            if now == state {
                return Ok(());
            }
            if ["published", "rejected"].contains(&now) {
                bail!("it is {now} and not {state}");
            }
            self.moment().await.with_context(why)?;
        }
    }

    /// Polls its deliveries, as an organiser, until `see` returns something.
    async fn deliveries<T>(&self, id: Uuid, see: impl Fn(Value) -> Option<T>) -> Result<T> {
        let place = format!("/api/v1/submissions/{id}/deliveries");
        loop {
            let get = |desk: &str| self.http.get(format!("http://{desk}{place}")).bearer_auth(&self.organiser);
            let answer = self.ask_desk(get).await?.json().await;
            if let Some(seen) = answer.ok().and_then(&see) {
                return Ok(seen);
            }
            self.moment().await?;
        }
    }

    /// Sends the request to one replica of the public API after the other until one answers something other than "not
    /// now".
    async fn ask(&self, request: impl Fn(&str) -> RequestBuilder) -> Result<Response> {
        self.ask_one_of(|| self.house.apis(), request).await
    }

    /// As [`People::ask`], at the desk.
    async fn ask_desk(&self, request: impl Fn(&str) -> RequestBuilder) -> Result<Response> {
        self.ask_one_of(|| self.house.desks(), request).await
    }

    async fn ask_one_of(
        &self,
        replicas: impl Fn() -> Vec<String>,
        request: impl Fn(&str) -> RequestBuilder,
    ) -> Result<Response> {
        loop {
            let Some(replica) = self.next_of(&replicas()) else {
                self.moment().await?;
                continue;
            };
            match request(&replica).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) if !may_be_asked_again(answer.status()) => {
                    let (status, url) = (answer.status(), answer.url().clone());
                    bail!("{url} was answered with {status}: {}", answer.text().await.unwrap_or_default());
                }
                Ok(answer) => {
                    let wait = answer.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok());
                    rest(Duration::from_secs(wait.unwrap_or(0).min(AGAIN_S))).await;
                    self.moment().await?;
                }
                Err(_) => self.moment().await?,
            }
        }
    }

    fn next_of(&self, replicas: &[String]) -> Option<String> {
        let turn = self.turn.fetch_add(1, Ordering::SeqCst);
        replicas.get(turn % replicas.len().max(1)).cloned()
    }

    async fn moment(&self) -> Result<()> {
        if self.motion.has_ended() {
            bail!("no result, and no work makes progress any more");
        }
        rest(A_MOMENT).await;
        Ok(())
    }
}

/// "Not now", in all the forms that an API uses.
fn may_be_asked_again(status: StatusCode) -> bool {
    status.is_server_error() || [408, 423, 429].contains(&status.as_u16())
}

/// The state of a partner in a list of deliveries.
fn stands<'a>(deliveries: &'a Value, partner: &str) -> &'a str {
    let of = deliveries.as_array().into_iter().flatten().find(|delivery| delivery["partner"] == partner);
    of.and_then(|delivery| delivery["state"].as_str()).unwrap_or("nowhere")
}

/// A work's title: no other work's title begins with it.
fn title(number: usize) -> String {
    format!("混沌演习第{number:05}号")
}

/// A few real clips; each entry gets one of its own by adding bytes that no player shows.
struct Films {
    right: Vec<Vec<u8>>,
    misshapen: Vec<u8>,
}

impl Films {
    fn make(dir: &Path) -> Self {
        let clip = |name: &str, picture: &str, seconds: f64| {
            let file: PathBuf = dir.join(format!("{name}.mp4"));
            let picture = format!("{picture}:rate=25,trim=duration={seconds},format=yuv420p");
            let sound = format!("sine=frequency=440:sample_rate=48000:duration={seconds}");
            let inputs = ["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound];
            let codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-c:a", "aac", "-ac", "2"];
            clips::ffmpeg(inputs.iter().chain(&codecs), &file);
            std::fs::read(file).expect("read a clip")
        };
        let right = vec![
            clip("wide", "testsrc2=size=320x180", 2.0),
            clip("tall", "testsrc2=size=180x320", 2.4),
            clip("fractal", "mandelbrot=size=320x180", 2.0),
            clip("life", "life=size=320x180:mold=10:ratio=0.2", 3.0),
        ];
        Self { right, misshapen: clip("misshapen", "testsrc2=size=240x180", 2.0) }
    }

    /// A film that no other entry has: a clip followed by a `free` box with random bytes (ISO 14496-12, 8.1.2). In one
    /// of twelve the box is so large that the upload takes two parts.
    fn film(&self, seed: u64, number: usize, fate: Fate) -> Vec<u8> {
        let mut chance = Chance::new(seed ^ (number as u64) << 32);
        let clip = if fate == Fate::Misshapen { &self.misshapen } else { &self.right[number % self.right.len()] };
        let bytes = if number % 12 == 11 { 9 << 20 } else { 20_000 + chance.next() % 300_000 };
        let mut film = clip.clone();
        film.extend(u32::try_from(bytes + 8).expect("a short box").to_be_bytes());
        film.extend(b"free");
        film.extend(std::iter::repeat_with(|| chance.next().to_le_bytes()).flatten().take(bytes as usize));
        film
    }
}
