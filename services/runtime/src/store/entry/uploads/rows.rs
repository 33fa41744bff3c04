//! Uploads as stored in their table, and as values.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{SubmissionId, UploadId};
use uuid::Uuid;

use super::failure::Failure;

/// The state of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadState {
    /// Bytes may arrive.
    Open,
    /// Every byte is durable; the object is being created and read back.
    Assembling,
    /// The object is complete and verified.
    Finished,
    /// It was not continued in time.
    Expired,
    /// Its client aborted it, or a concatenation used it.
    Terminated,
    /// What was stored is not what was received, or its submission does not accept it.
    Failed,
}

impl UploadState {
    const ALL: [Self; 6] =
        [Self::Open, Self::Assembling, Self::Finished, Self::Expired, Self::Terminated, Self::Failed];

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Assembling => "assembling",
            Self::Finished => "finished",
            Self::Expired => "expired",
            Self::Terminated => "terminated",
            Self::Failed => "failed",
        }
    }
}

/// The kind of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadKind {
    /// A complete file.
    Single,
    /// A piece of a concatenation.
    Partial,
    /// A concatenation.
    Final,
}

impl UploadKind {
    const ALL: [Self; 3] = [Self::Single, Self::Partial, Self::Final];

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Partial => "partial",
            Self::Final => "final",
        }
    }
}

/// An upload.
#[derive(Clone, Debug)]
pub struct UploadRow {
    /// Its id.
    pub id: UploadId,
    /// The submission whose mezzanine it becomes.
    pub submission: SubmissionId,
    /// Total length in bytes, once known.
    pub length: Option<u64>,
    /// Bytes that are durable.
    pub offset: u64,
    /// Its state.
    pub state: UploadState,
    /// Its kind.
    pub kind: UploadKind,
    /// Pieces of a `Final`, in order.
    pub pieces: Vec<UploadId>,
    /// `Upload-Metadata` as sent.
    pub metadata: String,
    /// SHA-256 that the client declared.
    pub declared_sha256: Option<Vec<u8>>,
    /// The multipart upload that has the parts.
    pub multipart_id: Option<String>,
    /// Size of every part but the last, bytes.
    pub part_size: u64,
    /// Object with the bytes after the last part.
    pub tail_key: Option<String>,
    /// The number of these bytes.
    pub tail_bytes: u64,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// When it is aborted.
    pub expires_at: DateTime<Utc>,
    /// When it started.
    pub created_at: DateTime<Utc>,
}

/// An upload to start.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Its id, which cannot be guessed.
    pub id: UploadId,
    /// The submission whose mezzanine it becomes.
    pub submission: SubmissionId,
    /// Total length in bytes, if known.
    pub length: Option<u64>,
    /// 0; for a `Final` the length, because all its bytes have arrived.
    pub offset: u64,
    /// `Open`; for a `Final` `Assembling`.
    pub state: UploadState,
    /// Its kind.
    pub kind: UploadKind,
    /// Pieces of a `Final`, in order.
    pub pieces: Vec<UploadId>,
    /// `Upload-Metadata` as sent.
    pub metadata: String,
    /// The client's name for its file; text to show.
    pub filename: Option<String>,
    /// SHA-256 that the client declared.
    pub declared_sha256: Option<Vec<u8>>,
    /// Size of every part but the last, bytes.
    pub part_size: u64,
    /// When it is aborted.
    pub expires_at: DateTime<Utc>,
    /// When it started.
    pub created_at: DateTime<Utc>,
}

/// A part that the object store has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartRow {
    /// From 1.
    pub number: u32,
    /// The store's tag of it.
    pub etag: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the bytes as received.
    pub sha256: Vec<u8>,
}

pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) submission: Uuid,
    pub(super) length: Option<i64>,
    pub(super) offset: i64,
    pub(super) state: String,
    pub(super) kind: String,
    pub(super) pieces: Option<Vec<Uuid>>,
    pub(super) metadata: String,
    pub(super) declared_sha256: Option<Vec<u8>>,
    pub(super) multipart_id: Option<String>,
    pub(super) part_size: i64,
    pub(super) tail_key: Option<String>,
    pub(super) tail_bytes: i64,
    pub(super) lock_fence: Option<i64>,
    pub(super) failure: Option<String>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) created_at: DateTime<Utc>,
}

impl TryFrom<Row> for UploadRow {
    type Error = anyhow::Error;
    fn try_from(row: Row) -> anyhow::Result<Self> {
        let state = UploadState::ALL.into_iter().find(|state| state.name() == row.state);
        let kind = UploadKind::ALL.into_iter().find(|kind| kind.name() == row.kind);
        Ok(Self {
            id: UploadId(row.id),
            submission: SubmissionId(row.submission),
            length: row.length.map(TryInto::try_into).transpose()?,
            offset: row.offset.try_into()?,
            state: state.with_context(|| format!("an upload in the unknown state {:?}", row.state))?,
            kind: kind.with_context(|| format!("an upload of the unknown kind {:?}", row.kind))?,
            pieces: row.pieces.unwrap_or_default().into_iter().map(UploadId).collect(),
            metadata: row.metadata,
            declared_sha256: row.declared_sha256,
            multipart_id: row.multipart_id,
            part_size: row.part_size.try_into()?,
            tail_key: row.tail_key,
            tail_bytes: row.tail_bytes.try_into()?,
            failure: row.failure.as_deref().and_then(Failure::called),
            expires_at: row.expires_at,
            created_at: row.created_at,
        })
    }
}
