//! Entrants, a reviewer, an organiser and an operator, each with a person's patience: a request without an answer is
//! sent again, to another replica, with the same key. Every acknowledgement goes into the history.
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use uuid::Uuid;

use super::checker::{BAG, DOUYIN, DROP, PARTNERS};
use super::history::{Ack, History};
use super::house::House;
use super::motion::Motion;
use super::plan::{Fate, Plan};
use crate::support::Entrant;
use films::Films;

mod ask;
mod films;
mod upload;

/// Time limit of one try.
const A_TRY: Duration = Duration::from_secs(10);

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
