//! A pipeline with a partner that pulls a feed, and what such a partner does.
use std::sync::Arc;

use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, Response, StatusCode, header};
use serde_json::Value;
use uuid::Uuid;

use super::{LINK_KEY, NET, TOKEN};
use crate::delivery::{delivery_is, status};
use crate::support::{Service, Setup, TestPipeline, planted};

/// A pipeline with a partner that pulls, and the service that it pulls from.
pub(super) struct Stage {
    pub(super) pipeline: TestPipeline,
    pub(super) service: Arc<Service>,
    pub(super) http: Client,
}

impl Stage {
    pub(super) async fn new() -> Self {
        let env = [
            ("POLL_BASE_S", "0.3"),
            ("RECONCILE_S", "0.3"),
            ("PARTNER_NET_FEED_TOKEN", TOKEN),
            ("PARTNER_NET_FEED_LINK_KEY", LINK_KEY),
        ];
        let env = env.map(|(name, value)| (name, value.to_owned())).to_vec();
        let pipeline = TestPipeline::with(Setup { env, ..Setup::default() }).await;
        let partner = "name = { zh = \"网站\", en = \"Net\" }\nmethod = \"mrss\"\nrungs = [\"web-180\"]\n";
        std::fs::write(pipeline.dir().join(format!("catalogue/partners/{NET}.toml")), partner)
            .expect("a partner's file");
        let service = pipeline.serve("publish", &["publish"]).await;
        Self { pipeline, service, http: Client::new() }
    }

    pub(super) fn address(&self) -> String {
        format!("http://{}", self.service.partner_address().expect("the publish role says where it serves partners"))
    }

    pub(super) async fn released(&self, bytes: u64) -> Uuid {
        let id = planted::film(&self.pipeline, "智造<之>光", &[NET], bytes).await;
        self.pipeline.command(&["release", &id.to_string()]).await.exits(0);
        id
    }

    /// A released work that is in the feed.
    pub(super) async fn offered(&self, bytes: u64) -> Uuid {
        let id = self.released(bytes).await;
        self.is(id, "in_review").await;
        id
    }

    pub(super) async fn is(&self, id: Uuid, state: &str) -> Value {
        delivery_is(&self.pipeline, id, NET, state).await
    }

    pub(super) async fn state(&self, id: Uuid) -> Value {
        let status = status(&self.pipeline, id).await;
        let deliveries = status["deliveries"].as_array().expect("deliveries");
        deliveries.iter().find(|delivery| delivery["partner"] == NET).expect("the partner's delivery")["state"].clone()
    }

    pub(super) fn feed_at(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.address()))
    }

    pub(super) fn feed(&self) -> RequestBuilder {
        self.feed_at("/partners/net/feed.xml")
    }

    pub(super) async fn feed_text(&self) -> String {
        let answer = self.feed().bearer_auth(TOKEN).send().await.expect("read the feed");
        assert_eq!(answer.status(), StatusCode::OK);
        answer.text().await.expect("a feed is text")
    }

    /// The link of the feed whose path ends with `file`.
    pub(super) async fn link(&self, file: &str) -> String {
        let feed = self.feed_text().await;
        let links = feed.split("url=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let mut links = links.map(|link| link.replace("&amp;", "&"));
        links.find(|link| link.contains(&format!("{file}?"))).unwrap_or_else(|| panic!("no link to {file} in {feed}"))
    }

    pub(super) async fn get(&self, link: &str, range: Option<&str>) -> Response {
        let request =
            range.into_iter().fold(self.http.get(link), |request, range| request.header(header::RANGE, range));
        request.send().await.expect("an answer")
    }

    pub(super) async fn fetches(&self) -> i64 {
        self.pipeline.truth.count("select count(*) from feed_pulls").await
    }
}

pub(super) fn header_of(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(&name).unwrap_or_else(|| panic!("no {name} in {headers:?}")).to_str().expect("text")
}
