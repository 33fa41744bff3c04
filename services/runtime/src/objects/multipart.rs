//! Objects that arrive in parts. The caller remembers the parts, because servers list them unsorted, or not at all.
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use pipeline::object_key::ObjectKey;

use super::body::Body;
use super::client::{LARGE, Objects, within};
use super::error::ObjectError;

/// A multipart upload that was started and neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Multipart {
    /// The key of the complete object.
    pub key: String,
    /// The server's id of it.
    pub id: String,
}

/// A part that the server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPart {
    /// From 1, without gaps, which s3s-fs does not accept.
    pub number: u32,
    /// The server's tag of it, needed to complete.
    pub etag: String,
    /// Size in bytes.
    pub bytes: u64,
}

impl Objects {
    /// Starts an object in parts.
    pub async fn create_multipart(&self, key: &ObjectKey) -> Result<Multipart, ObjectError> {
        let begun = self.client.create_multipart_upload().bucket(&*self.bucket).key(key.to_string()).send().await?;
        let id = begun.upload_id().ok_or_else(|| ObjectError::Refused("a multipart upload without an id".into()))?;
        Ok(Multipart { key: key.to_string(), id: id.to_owned() })
    }

    /// Stores one part; the same number again replaces it.
    pub async fn put_part(&self, to: &Multipart, number: u32, body: Body) -> Result<StoredPart, ObjectError> {
        let bytes = body.len();
        let part = self.client.upload_part().bucket(&*self.bucket).key(&to.key).upload_id(&to.id);
        let part = part.part_number(as_number(number)?).body(body.into_stream().await?);
        let stored = async { part.customize().config_override(within(LARGE)).send().await.map_err(gone_if_denied) };
        let stored = self.traced("UploadPart", &to.key, stored).await?;
        Ok(StoredPart { number, etag: stored.e_tag().unwrap_or_default().to_owned(), bytes })
    }

    /// Joins the parts, in order of their number, into one object. `NotFound` if the upload has ended: completed
    /// before, or aborted.
    pub async fn complete_multipart(&self, of: &Multipart, parts: &[StoredPart]) -> Result<(), ObjectError> {
        let mut list = Vec::with_capacity(parts.len());
        for part in parts {
            list.push(CompletedPart::builder().part_number(as_number(part.number)?).e_tag(&part.etag).build());
        }
        list.sort_by_key(|part| part.part_number());
        let list = CompletedMultipartUpload::builder().set_parts(Some(list)).build();
        let call = self.client.complete_multipart_upload().bucket(&*self.bucket).key(&of.key).upload_id(&of.id);
        let call = call.multipart_upload(list).customize().config_override(within(LARGE));
        let done = async { call.send().await.map_err(gone_if_denied) };
        self.traced("CompleteMultipartUpload", &of.key, done).await?;
        Ok(())
    }

    /// Aborts an upload and frees its parts; one that has ended counts as aborted.
    pub async fn abort_multipart(&self, of: &Multipart) -> Result<(), ObjectError> {
        let call = self.client.abort_multipart_upload().bucket(&*self.bucket).key(&of.key).upload_id(&of.id);
        match call.send().await.map_err(gone_if_denied) {
            Ok(_) | Err(ObjectError::NotFound) => Ok(()),
            Err(err) => Err(err),
        }
    }

    /// The parts that the server has, in order.
    pub async fn list_parts(&self, of: &Multipart) -> Result<Vec<StoredPart>, ObjectError> {
        let mut found = Vec::new();
        let call = self.client.list_parts().bucket(&*self.bucket).key(&of.key).upload_id(&of.id);
        let mut pages = call.into_paginator().send();
        while let Some(page) = pages.next().await {
            for part in page.map_err(gone_if_denied)?.parts() {
                found.push(StoredPart {
                    number: part.part_number().unwrap_or_default().try_into().unwrap_or_default(),
                    etag: part.e_tag().unwrap_or_default().to_owned(),
                    bytes: part.size().unwrap_or_default().try_into().unwrap_or_default(),
                });
            }
        }
        found.sort_by_key(|part| part.number);
        Ok(found)
    }

    /// Multipart uploads under a prefix that were neither completed nor aborted, for example because a process died
    /// that knew the id.
    pub async fn list_multiparts(&self, prefix: &str) -> Result<Vec<Multipart>, ObjectError> {
        let mut found = Vec::new();
        let (mut key_marker, mut id_marker) = (None, None);
        loop {
            let call = self.client.list_multipart_uploads().bucket(&*self.bucket).prefix(prefix);
            let page = call.set_key_marker(key_marker).set_upload_id_marker(id_marker).send().await?;
            for upload in page.uploads() {
                if let (Some(key), Some(id)) = (upload.key(), upload.upload_id()) {
                    found.push(Multipart { key: key.to_owned(), id: id.to_owned() });
                }
            }
            (key_marker, id_marker) =
                (page.next_key_marker().map(str::to_owned), page.next_upload_id_marker().map(str::to_owned));
            if !page.is_truncated().unwrap_or_default() || key_marker.is_none() {
                return Ok(found);
            }
        }
    }
}

fn as_number(number: u32) -> Result<i32, ObjectError> {
    i32::try_from(number).map_err(|_| ObjectError::Refused(format!("{number} is no part number")))
}

/// s3s-fs reports `AccessDenied` for an unknown multipart upload; the others report `NoSuchUpload`.
fn gone_if_denied<E>(err: SdkError<E, HttpResponse>) -> ObjectError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let denied = err.code() == Some("AccessDenied");
    if denied { ObjectError::NotFound } else { err.into() }
}
