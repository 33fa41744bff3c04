//! A person's evidence for an act at a partner: an address there, or a picture that decodes; with a plausible time. The
//! person's name is the caller's. The limits are the same for every way in.
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::object_key::ObjectKey;
use pipeline::partner::Partner;
use pipeline::text::Limit;
use runtime::objects::StoredFile;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::typed;
use runtime::store::history::By;
use runtime::store::proofs::{NewProof, Shows};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Done, settle};
use crate::Desk;
pub use crate::picture::PICTURE_BYTES;
use crate::picture::{self, Picture};

/// Clocks of people and servers differ, and looking takes a moment.
const TOLERANCE: TimeDelta = TimeDelta::minutes(2);

/// What is stored of the evidence.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// When it was seen.
    pub seen_at: DateTime<Utc>,
    /// The address that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// SHA-256 of the picture, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_sha256: Option<String>,
}

/// A picture in the form of a wish.
pub fn encoded(picture: &[u8]) -> String {
    BASE64.encode(picture)
}

/// Evidence that is well formed; whether it fits the delivery is checked under the lock.
pub(crate) struct Shown {
    pub(crate) url: Option<String>,
    host: Option<String>,
    pub(crate) picture: Option<Picture>,
    pub(crate) seen_at: DateTime<Utc>,
}

/// Reads the evidence of a wish. An address or a picture is required.
pub(crate) async fn shown(
    desk: &Desk,
    url: Option<&str>,
    picture: Option<&str>,
    seen_at: Option<DateTime<Utc>>,
) -> Result<Shown, Problem> {
    let url = typed::optional("url", url, Limit::RECEIPT)?.map(|text| web_address(&text)).transpose()?;
    let picture = picture.filter(|picture| !picture.is_empty());
    if url.is_none() && picture.is_none() {
        return Err(Code::EvidenceMissing.into());
    }
    let now = desk.clock.now();
    let seen_at = seen_at.unwrap_or(now);
    if seen_at > now + TOLERANCE {
        return Err(Code::FieldWrong.about(bound("不得晚于", "not after", now)));
    }
    let picture = match picture {
        Some(text) => Some(picture::read(decoded(text)?).await?),
        None => None,
    };
    let host = url.as_ref().and_then(|url| url.host_str()).map(ToOwned::to_owned);
    Ok(Shown { url: url.map(String::from), host, picture, seen_at })
}

/// The limits for the time of the observation.
fn bound(zh: &str, en: &str, at: DateTime<Utc>) -> Detail {
    let at = at.to_rfc3339();
    Detail::new(format!("{zh} {at}"), format!("{en} {at}")).of("seen_at")
}

/// Only http and https, since it is shown as a link to others, and without a password.
fn web_address(text: &str) -> Result<Url, Problem> {
    const SUCH: &str = "https://example.com/video/1";
    let such = || Detail::new(format!("须为网址，例如 {SUCH}"), format!("an address such as {SUCH}"));
    let wrong = || Code::FieldWrong.about(such().of("url"));
    let plain = !text.chars().any(|c| c.is_whitespace() || c == '\\');
    let url = Url::parse(text).ok().filter(|_| plain).ok_or_else(wrong)?;
    let fits = matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty());
    let nobodys = url.username().is_empty() && url.password().is_none();
    if fits && nobodys && url.as_str().chars().count() <= Limit::RECEIPT.max_chars { Ok(url) } else { Err(wrong()) }
}

fn decoded(picture: &str) -> Result<Vec<u8>, Problem> {
    let allowed = || {
        let (zh, en) = ("字节的图片，以 base64 编码", "bytes in base64");
        Detail::new(format!("须为 1 至 {PICTURE_BYTES} {zh}"), format!("1 to {PICTURE_BYTES} {en}"))
    };
    let wrong = || Code::FieldWrong.about(allowed().of("picture"));
    // Three bytes are four characters.
    if picture.len() > PICTURE_BYTES.div_ceil(3) * 4 {
        return Err(wrong());
    }
    BASE64.decode(picture).map_err(|_| wrong())
}

impl Shown {
    /// Whether it can be about this delivery: an address of the partner's own, and seen after the delivery began to
    /// wait for a person.
    pub(crate) fn fits(&self, partner: Option<&Partner>, since: DateTime<Utc>) -> Result<(), Problem> {
        if let (Some(host), Some(partner)) = (&self.host, partner)
            && !partner.may_have_host(host)
        {
            let sites = partner.sites.join(", ");
            let own = Detail::new(format!("须为 {sites} 上的网址"), format!("an address at {sites}"));
            return Err(Code::AddressForeign.about(own.of("url")));
        }
        if self.seen_at < since - TOLERANCE {
            return Err(Code::FieldWrong.about(bound("不得早于", "not before", since)));
        }
        Ok(())
    }

    /// The address of the picture once it is stored.
    fn file(&self, submission: SubmissionId, partner: &PartnerId) -> Option<StoredFile> {
        let Picture { bytes, sha256 } = self.picture.as_ref()?;
        let key = ObjectKey::Proof(submission, partner.clone(), *sha256).to_string();
        Some(StoredFile { key, bytes: bytes.len() as u64, sha256: hex::encode(sha256) })
    }

    /// For the result.
    pub(crate) fn evidence(&self) -> Evidence {
        let picture_sha256 = self.picture.as_ref().map(|it| hex::encode(it.sha256));
        Evidence { seen_at: self.seen_at, url: self.url.clone(), picture_sha256 }
    }

    /// The record of it.
    pub(crate) fn proof(
        &self,
        submission: SubmissionId,
        partner: &PartnerId,
        shows: Shows,
        by: &By,
        insists: bool,
    ) -> NewProof {
        NewProof {
            id: Uuid::now_v7(),
            submission,
            partner: partner.clone(),
            shows,
            seen_at: self.seen_at,
            public_url: self.url.clone(),
            words: by.reason.clone(),
            file: self.file(submission, partner),
            insists,
        }
    }

    /// Runs an act's transaction together with its picture. First as a trial that is rolled back, so that a refusal, a
    /// dry run and a repetition store nothing; then the picture is stored, and the act is done.
    pub(crate) async fn beside<'a, T: DeserializeOwned>(
        &self,
        desk: &Desk,
        submission: SubmissionId,
        partner: &PartnerId,
        dry_run: bool,
        act: impl Fn(bool) -> BoxFuture<'a, anyhow::Result<Done<T>>> + Send + Sync,
    ) -> Result<Done<T>, Problem> {
        let tried = settle(act(true).await)?;
        if tried.repeated || dry_run {
            return Ok(tried);
        }
        self.keep(desk, submission, partner).await?;
        let done = settle(act(false).await);
        if done.is_err() {
            self.give_up(desk, submission, partner).await;
        }
        done
    }

    /// Stores the picture before the transaction that refers to it, so that a referenced picture is never missing. The
    /// same picture again is the same object.
    async fn keep(&self, desk: &Desk, submission: SubmissionId, partner: &PartnerId) -> Result<(), Problem> {
        let Some(Picture { bytes, sha256 }) = &self.picture else { return Ok(()) };
        let key = ObjectKey::Proof(submission, partner.clone(), *sha256);
        desk.store.spare_object(&key.to_string()).await?;
        desk.objects.put_bytes(&key, bytes.clone()).await?;
        Ok(())
    }

    /// The act was refused after its picture was stored: the picture is garbage, unless another report refers to it.
    async fn give_up(&self, desk: &Desk, submission: SubmissionId, partner: &PartnerId) {
        let Some(file) = self.file(submission, partner) else { return };
        if let Err(error) = desk.store.note_unproven(&file.key).await {
            tracing::warn!(submission.id = %submission, "a picture of {submission} is left without a report: {error:#}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_without_a_password_are_taken() {
        assert_eq!(
            web_address("https://www.bilibili.com/video/BV1").unwrap().as_str(),
            "https://www.bilibili.com/video/BV1"
        );
        for wrong in [
            "javascript:alert(1)",
            "BV1",
            "URL",
            "file:///etc/passwd",
            "https://",
            "https://me:secret@example.com/",
            "https://me@example.com/",
            "https://example.com/a b",
            "",
        ] {
            assert!(web_address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_picture_is_base64_of_a_bounded_size() {
        assert_eq!(decoded(&encoded(b"picture")).unwrap(), b"picture");
        assert!(decoded("no base64").is_err());
        assert!(decoded(&"A".repeat(PICTURE_BYTES / 3 * 4 + 8)).is_err());
    }
}
