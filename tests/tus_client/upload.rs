//! An upload by plain requests, and reproducible chance.
use uuid::Uuid;

use crate::support::entrant::Entered;

/// Xorshift: sufficient for choosing where to cut.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// The seed is printed, so that a failure can be repeated: TEST_SEED=… sets it.
pub(super) fn seed() -> u64 {
    let given = std::env::var("TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    // Never 0, where xorshift stays.
    let seed = given.unwrap_or_else(|| Uuid::new_v4().as_u64_pair().0 | 1);
    eprintln!("TEST_SEED={seed}");
    seed
}

/// An upload by hand, where a story needs to see each answer.
#[derive(Clone)]
pub(super) struct Upload {
    pub(super) http: reqwest::Client,
    pub(super) address: String,
    pub(super) token: String,
}

impl Upload {
    pub(super) async fn create(entered: &Entered, length: usize) -> Self {
        let http = reqwest::Client::new();
        let created = http
            .post(&entered.upload_url)
            .bearer_auth(&entered.token)
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Length", length)
            .send()
            .await
            .expect("create an upload");
        assert_eq!(created.status(), 201);
        let location = created.headers()["location"].to_str().expect("an address").to_owned();
        let base = entered.upload_url.strip_suffix("/files").expect("uploads are made at /files");
        let address = if location.starts_with('/') { format!("{base}{location}") } else { location };
        Self { http, address, token: entered.token.clone() }
    }

    pub(super) async fn head(&self) -> reqwest::Response {
        let request = self.http.head(&self.address).bearer_auth(&self.token).header("Tus-Resumable", "1.0.0");
        request.send().await.expect("ask for the offset")
    }

    pub(super) async fn offset(&self) -> u64 {
        let answer = self.head().await;
        assert_eq!(answer.status(), 200);
        answer.headers()["upload-offset"].to_str().expect("text").parse().expect("a number")
    }

    pub(super) async fn patch(&self, offset: u64, bytes: Vec<u8>) -> reqwest::Response {
        let request = self.http.patch(&self.address).bearer_auth(&self.token).header("Tus-Resumable", "1.0.0");
        let request = request.header("Upload-Offset", offset).header("Content-Type", "application/offset+octet-stream");
        request.body(bytes).send().await.expect("send bytes")
    }
}
