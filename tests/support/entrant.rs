//! An entrant: fills in the form, and uploads with the simplest use of tus.
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::catalogue;

/// The phone number of every entrant in these tests. It must appear only in its sealed box.
pub(crate) const PHONE: &str = "13955550142";
/// The e-mail address, under the same rule.
pub(crate) const EMAIL: &str = "canary-zhang@entrant.example";
/// The name of the contact person, under the same rule.
pub(crate) const PERSON: &str = "张金丝雀";

/// A client that enters works.
pub(crate) struct Entrant {
    http: reqwest::Client,
    api: String,
}

/// The answer to the form.
#[derive(Clone, Debug)]
pub(crate) struct Entered {
    /// The submission.
    pub(crate) id: Uuid,
    /// The address of the upload.
    pub(crate) upload_url: String,
    /// The entrant's token.
    pub(crate) token: String,
}

impl Entrant {
    /// A client of the public API at `address` (host and port).
    pub(crate) fn at(address: &str) -> Self {
        Self { http: reqwest::Client::new(), api: format!("http://{address}") }
    }

    /// A valid form.
    pub(crate) fn form(title: &str) -> Value {
        json!({
            "contest": catalogue::CONTEST,
            "title": title,
            "theme": catalogue::THEME,
            "synopsis": "一部测试短片",
            "recommending_unit": "测试单位",
            "entrant": { "name": PERSON, "contact": { "phone": PHONE, "email": EMAIL } },
            "declarations": { "originality": true, "rights": true, "ai_use": "none" },
        })
    }

    /// Sends the form.
    pub(crate) async fn enter(&self, form: &Value) -> Entered {
        let answer =
            self.http.post(format!("{}/api/v1/submissions", self.api)).json(form).send().await.expect("send the form");
        let status = answer.status();
        let body = answer.text().await.expect("read the answer to the form");
        assert!(status.is_success(), "the form was answered with {status}: {body}");
        let body: Value = serde_json::from_str(&body).expect("JSON in the answer to the form");
        let text = |at: &str| body.pointer(at).and_then(Value::as_str).unwrap_or_else(|| panic!("no {at} in {body}"));
        Entered {
            id: text("/id").parse().expect("the submission's id"),
            upload_url: self.address(text("/upload/endpoint")),
            token: text("/token").to_owned(),
        }
    }

    /// Uploads a file in one piece: one creation, one PATCH.
    pub(crate) async fn upload(&self, entered: &Entered, file: &Path) {
        let bytes = std::fs::read(file).expect("read the clip");
        let name = file.file_name().and_then(|name| name.to_str()).expect("the clip's name");
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let metadata = format!("filename {},sha256 {}", BASE64.encode(name), BASE64.encode(sha256));
        let created = self
            .http
            .post(&entered.upload_url)
            .bearer_auth(&entered.token)
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Length", bytes.len())
            .header("Upload-Metadata", metadata)
            .send()
            .await
            .expect("create the upload");
        assert_eq!(created.status(), 201, "the upload was not created: {:?}", created.text().await);
        let location = self.address(created.headers()["location"].to_str().expect("an upload's address"));
        let patched = self
            .http
            .patch(location)
            .bearer_auth(&entered.token)
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Offset", 0)
            .header("Content-Type", "application/offset+octet-stream")
            .body(bytes)
            .send()
            .await
            .expect("send the bytes");
        assert_eq!(patched.status(), 204, "the bytes were not taken: {:?}", patched.text().await);
    }

    /// An address from an answer: absolute, or a path of the API.
    fn address(&self, given: &str) -> String {
        if given.starts_with('/') { format!("{}{given}", self.api) } else { given.to_owned() }
    }

    /// Enters a work and uploads it.
    pub(crate) async fn submit(&self, title: &str, file: &Path) -> Uuid {
        let entered = self.enter(&Self::form(title)).await;
        self.upload(&entered, file).await;
        entered.id
    }
}
