//! Reads an object as a stream. If the connection breaks, reading continues at the same position.
use std::fmt::Display;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use super::client::Objects;
use super::error::ObjectError;

/// The longest pause within a body.
const SILENCE: Duration = Duration::from_secs(30);
/// How often one read may be continued after a break.
const RESUMES: u32 = 3;

/// An object that is being read.
pub struct ObjectReader {
    objects: Objects,
    key: String,
    body: ByteStream,
    /// The end of the read, and the object's tag at the start: the rest must come from the same object.
    bytes: u64,
    etag: Option<String>,
    at: u64,
    resumes: u32,
}

impl Objects {
    /// Opens bytes `[from, to)` of an object, which has at least `to` of them. For an empty range nothing is requested.
    pub async fn read_range(&self, key: &impl Display, from: u64, to: u64) -> Result<ObjectReader, ObjectError> {
        let key = key.to_string();
        let call = self.client.get_object().bucket(&*self.bucket).key(&key);
        // HTTP has no range of zero bytes.
        let call = if from < to { call.range(format!("bytes={from}-{}", to - 1)) } else { call };
        let answer = self.traced("GetObject", &key, call.send()).await?;
        let etag = answer.e_tag().map(str::to_owned);
        Ok(ObjectReader { objects: self.clone(), key, body: answer.body, bytes: to, etag, at: from, resumes: 0 })
    }

    /// Opens an object to be read from its start.
    pub async fn read(&self, key: &impl Display) -> Result<ObjectReader, ObjectError> {
        let key = key.to_string();
        let answer = self.client.get_object().bucket(&*self.bucket).key(&key).send();
        let answer = self.traced("GetObject", &key, answer).await?;
        let bytes = answer.content_length().unwrap_or_default().try_into().unwrap_or_default();
        let etag = answer.e_tag().map(str::to_owned);
        Ok(ObjectReader { objects: self.clone(), key, body: answer.body, bytes, etag, at: 0, resumes: 0 })
    }
}

impl ObjectReader {
    /// The end of the read: the size of the object in bytes, unless a range was requested.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next bytes; `None` once everything up to `bytes()` was returned.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ObjectError> {
        loop {
            if self.at >= self.bytes {
                return Ok(None);
            }
            let why = match tokio::time::timeout(SILENCE, self.body.next()).await {
                Ok(Some(Ok(mut bytes))) => {
                    // A server that ignores the range sends more than was requested.
                    bytes.truncate(usize::try_from(self.bytes - self.at).unwrap_or(usize::MAX));
                    self.at += bytes.len() as u64;
                    return Ok(Some(bytes));
                }
                Ok(Some(Err(err))) => err.to_string(),
                Ok(None) => "the body ended early".to_owned(),
                Err(_) => format!("silent for {} s", SILENCE.as_secs()),
            };
            if self.resumes == RESUMES {
                return Err(ObjectError::Unavailable(format!("reading broke at byte {}: {why}", self.at)));
            }
            self.resumes += 1;
            let call = self.objects.client.get_object().bucket(&*self.objects.bucket).key(&self.key);
            let call = call.range(format!("bytes={}-{}", self.at, self.bytes - 1)).set_if_match(self.etag.clone());
            self.body = call.send().await?.body;
        }
    }
}
