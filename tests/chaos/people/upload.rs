//! How an entrant sends a film: by tus, in chunks, asking how much has arrived after each broken connection.
use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::{Method, Response};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::People;
use super::ask::may_be_asked_again;
use crate::chaos::history::Ack;

/// Bytes that an entrant sends in one request.
const CHUNK: usize = 150_000;

impl People {
    pub(super) async fn upload(&self, entry: usize, token: &str, film: &[u8]) -> Result<()> {
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
                offset = Some(self.acknowledged_offset(entry, upload, &head)?);
                continue;
            };
            let chunk = film[at..film.len().min(at + CHUNK.max(film.len() / 4))].to_vec();
            let api = self.next_of(&self.house.apis()).context("no service takes uploads")?;
            let patch = tus(Method::PATCH, format!("http://{api}/files/{upload}")).header("Upload-Offset", at);
            let patch = patch.header("Content-Type", "application/offset+octet-stream").body(chunk);
            offset = match patch.send().await {
                Ok(answer) if answer.status() == 204 => Some(self.acknowledged_offset(entry, upload, &answer)?),
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

    fn acknowledged_offset(&self, entry: usize, upload: Uuid, answer: &Response) -> Result<usize> {
        let offset = answer.headers().get("upload-offset").and_then(|offset| offset.to_str().ok());
        let bytes: u64 = offset.and_then(|offset| offset.parse().ok()).context("an offset")?;
        self.history.note(entry, Ack::Offset { upload, bytes });
        Ok(bytes as usize)
    }
}
