//! The public address, and recommenders with their browsers.
use std::path::Path;
use std::sync::Arc;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use crate::support::browser::person::Person;
use crate::support::catalogue::CONTEST;
use crate::support::{Entrant, Service, TestPipeline};

/// The session's cookie over http.
pub(super) const COOKIE: &str = "rm-unit";

/// The public service, and the address of a unit.
pub(super) struct House {
    pub(super) pipeline: TestPipeline,
    pub(super) service: Arc<Service>,
    pub(super) base: String,
}

/// A person and the cookies of their browser.
pub(super) struct Clerk {
    pub(super) client: Client,
    pub(super) base: String,
    pub(super) cookie: String,
}

/// An answer: its status, its redirect, its text.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) status: u16,
    pub(super) to: String,
    pub(super) text: String,
}

impl House {
    pub(super) async fn new() -> Self {
        let pipeline = TestPipeline::new().await;
        let service = pipeline.serve("units", &["upload"]).await;
        let base = format!("http://{}", service.api_address().expect("the public address"));
        Self { pipeline, service, base }
    }

    /// A new person of a unit, signed in at the units' door.
    pub(super) async fn clerk(&self, unit: &str) -> Clerk {
        let person = Person::new(&self.pipeline, "李经办", &[&format!("recommender@{CONTEST}/{unit}")]).await;
        self.with(person.session_at(&self.pipeline, "units").await)
    }

    pub(super) fn with(&self, session: String) -> Clerk {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Clerk { client, base: self.base.clone(), cookie: format!("{COOKIE}={session}; lang=zh") }
    }

    pub(super) async fn count(&self, query: &'static str) -> i64 {
        self.pipeline.truth.count(query).await
    }

    /// Enters a work through the API for a unit; returns the status, and the problem's code.
    pub(super) async fn enters(&self, title: &str, unit: &str) -> (u16, String, Value) {
        let mut form = Entrant::form(title);
        form["recommending_unit"] = unit.into();
        let answer = Client::new().post(format!("{}/api/v1/submissions", self.base)).json(&form).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("JSON");
        (status, body["code"].as_str().unwrap_or_default().to_owned(), body)
    }
}

impl Clerk {
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base)).header("cookie", &self.cookie);
        request.header("sec-fetch-site", "same-origin")
    }

    pub(super) async fn open(&self, path: &str) -> Shown {
        Shown::of(self.request(Method::GET, path)).await
    }

    pub(super) async fn send(&self, path: &str, body: &str) -> Shown {
        let kind = "application/x-www-form-urlencoded";
        Shown::of(self.request(Method::POST, path).header("content-type", kind).body(body.to_owned())).await
    }

    /// Sends a sheet; returns the page of its preview.
    pub(super) async fn hands_in(&self, unit: &str, sheet: &Path) -> Shown {
        let bytes = std::fs::read(sheet).expect("the sheet");
        let head = "--b\r\nContent-Disposition: form-data; name=\"sheet\"; filename=\"汇总表.xlsx\"\r\n\r\n";
        let body = [head.as_bytes(), &bytes, b"\r\n--b--\r\n"].concat();
        let request = self.request(Method::POST, &format!("/units/{CONTEST}/{unit}/sheets"));
        Shown::of(request.header("content-type", "multipart/form-data; boundary=b").body(body)).await
    }
}

impl Shown {
    pub(super) async fn of(request: RequestBuilder) -> Self {
        let answer = request.send().await.expect("an answer");
        let to = answer.headers().get("location").map_or("", |to| to.to_str().expect("a path")).to_owned();
        Self { status: answer.status().as_u16(), to, text: answer.text().await.expect("a text") }
    }

    pub(super) fn shows(&self, status: u16, text: &str) {
        assert_eq!(self.status, status, "{} {}", self.to, self.text);
        assert!(self.text.contains(text), "{text}: {}", self.text);
    }
}
