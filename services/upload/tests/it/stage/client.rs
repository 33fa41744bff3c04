//! Shorthands for what clients send, and for what they read in answers.
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::{Stage, until};

const BYTES: &str = "application/offset+octet-stream";

/// A submission from the view of its entrant.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) token: String,
}

impl Stage {
    /// Enters a work into the open contest.
    pub(crate) async fn enter(&self) -> Entry {
        self.enter_into("demo", "digital").await
    }

    /// The number of an entry's receipt.
    pub(crate) async fn receipt(&self, id: &str) -> String {
        self.ask(format!("select receipt from submissions where id = '{id}'")).await
    }

    pub(crate) async fn enter_into(&self, contest: &str, theme: &str) -> Entry {
        let mut form = form();
        form["contest"] = contest.into();
        form["theme"] = theme.into();
        if contest == "industry-power-2024" {
            // The call's own questions.
            form["answers"] =
                json!({ "subject": "organisation", "region": "湖南省", "crew": "导演：李四", "confidentiality": true });
        }
        let answer = self.post_form(&form).await;
        assert_eq!(answer.status(), 201);
        let answer: Value = answer.json().await.unwrap();
        Entry { id: answer["id"].as_str().unwrap().into(), token: answer["token"].as_str().unwrap().into() }
    }

    pub(crate) async fn post_form(&self, form: &Value) -> Response {
        let request = self.client.post(format!("{}/api/v1/submissions", self.url));
        request.header("content-type", "application/json").body(form.to_string()).send().await.unwrap()
    }

    pub(crate) fn api(&self, method: Method, entry: &Entry) -> RequestBuilder {
        let address = format!("{}/api/v1/submissions/{}", self.url, entry.id);
        self.client.request(method, address).bearer_auth(&entry.token)
    }

    pub(crate) async fn status(&self, entry: &Entry) -> Value {
        let answer = self.api(Method::GET, entry).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// A request of the protocol.
    pub(crate) fn tus(&self, method: &str, path: &str, entry: &Entry) -> RequestBuilder {
        self.tus_at(&self.url, method, path, entry)
    }

    pub(crate) fn tus_at(&self, url: &str, method: &str, path: &str, entry: &Entry) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("{url}{path}")).bearer_auth(&entry.token).header("tus-resumable", "1.0.0")
    }

    /// A new upload; its path.
    pub(crate) async fn create(&self, entry: &Entry, length: usize) -> String {
        location(&self.tus("POST", "/files", entry).header("upload-length", length).send().await.unwrap())
    }

    /// PATCH with its required headers.
    pub(crate) fn patch(
        &self,
        path: &str,
        entry: &Entry,
        offset: usize,
        body: impl Into<reqwest::Body>,
    ) -> RequestBuilder {
        let request = self.tus("PATCH", path, entry).header("content-type", BYTES);
        request.header("upload-offset", offset).body(body)
    }

    /// PATCH that must succeed; returns the offset after it.
    pub(crate) async fn send(&self, path: &str, entry: &Entry, offset: usize, bytes: &[u8]) -> usize {
        let answer = self.patch(path, entry, offset, bytes.to_vec()).send().await.unwrap();
        assert_eq!(answer.status(), 204);
        number(&answer, "upload-offset")
    }

    /// The offset returned by HEAD.
    pub(crate) async fn offset(&self, path: &str, entry: &Entry) -> usize {
        let answer = self.tus("HEAD", path, entry).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        number(&answer, "upload-offset")
    }

    /// Waits until the offset is `wanted`.
    pub(crate) async fn offset_reaches(&self, path: &str, entry: &Entry, wanted: usize) {
        until("the offset", async || self.offset(path, entry).await == wanted).await;
    }
}

pub(crate) fn form() -> Value {
    json!({
        "contest": "demo", "title": "一座工厂的早晨", "theme": "digital", "recommending_unit": "某省工信厅",
        "synopsis": "…", "entrant": { "name": "张三", "organisation": "某厂",
            "contact": { "phone": "13812345678", "email": "zhang@example.cn" } },
        "declarations": { "originality": true, "rights": true, "ai_use": "assisted", "ai_note": "字幕" },
    })
}

/// Bytes that do not repeat at any part size.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    (0..length as u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

/// The path in an answer's Location.
pub(crate) fn location(answer: &Response) -> String {
    assert_eq!(answer.status(), 201);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

pub(crate) fn number(answer: &Response, header: &str) -> usize {
    answer.headers()[header].to_str().unwrap().parse().unwrap()
}

/// Status and code of a refusal.
pub(crate) async fn refusal(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["status"], status);
    (status, body["code"].as_str().unwrap().to_owned())
}

pub(crate) fn says(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
