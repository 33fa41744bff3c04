//! What the object store should have, by the database's records.
use anyhow::Context;
use pipeline::id::{SubmissionId, UploadId};
use pipeline::object_key::ObjectKey;
use uuid::Uuid;

use crate::fsck::Kind;
use crate::objects::Multipart;

/// An object that should exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What it is.
    pub kind: Kind,
    /// The submission.
    pub submission: SubmissionId,
    /// The key.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Its SHA-256, if it was computed.
    pub sha256: Option<Vec<u8>>,
}

/// An upload that is open and has parts in the object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenMultipart {
    /// The upload.
    pub upload: Uuid,
    /// The submission.
    pub submission: SubmissionId,
    /// The server's id.
    pub id: String,
    /// Bytes that were confirmed to a client as durable.
    pub bytes: u64,
}

impl OpenMultipart {
    /// As the object store knows it.
    pub fn multipart(&self) -> Multipart {
        Multipart { key: ObjectKey::Upload(UploadId(self.upload)).to_string(), id: self.id.clone() }
    }
}

pub(super) struct Row {
    pub(super) kind: String,
    pub(super) submission: Uuid,
    pub(super) key: String,
    pub(super) bytes: i64,
    pub(super) sha256: Option<Vec<u8>>,
}

impl TryFrom<Row> for Expected {
    type Error = anyhow::Error;
    fn try_from(row: Row) -> anyhow::Result<Self> {
        Ok(Self {
            kind: Kind::called(&row.kind).with_context(|| format!("there are no objects of kind {}", row.kind))?,
            submission: SubmissionId(row.submission),
            key: row.key,
            bytes: row.bytes.try_into().context("an object of less than no bytes")?,
            sha256: row.sha256,
        })
    }
}
