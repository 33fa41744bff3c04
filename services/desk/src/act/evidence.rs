//! A person's evidence for an act at a partner: an address there, or a picture that decodes; with a plausible time. The
//! person's name is the caller's. The limits are the same for every way in.
use chrono::{DateTime, TimeDelta, Utc};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::object_key::ObjectKey;
use pipeline::partner::Partner;
use pipeline::text::Limit;
use runtime::objects::StoredFile;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::typed;
use runtime::store::partners::proofs::{NewProof, Shows};
use runtime::store::submissions::history::By;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Desk;
use crate::picture::{self, Picture};
use read::{decoded, web_address};

mod kept;
mod read;

pub use crate::picture::PICTURE_BYTES;
pub use read::encoded;

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
}
