//! Uploads as they lie in their table, and as values.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{SubmissionId, UploadId};
use uuid::Uuid;

use super::Failure;

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadState {
    /// Bytes may come.
    Open,
    /// Every byte is durable; the object is being made and read back.
    Assembling,
    /// The object is whole and verified.
    Finished,
    /// Nobody went on with it in time.
    Expired,
    /// Its client gave it up, or it was used up by a concatenation.
    Terminated,
    /// What was stored is not what was received, or its submission does not take it.
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

/// What an upload is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadKind {
    /// A whole file.
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
    /// Whose mezzanine it becomes.
    pub submission: SubmissionId,
    /// Whole length in bytes, once told.
    pub length: Option<u64>,
    /// Bytes that are durable.
    pub offset: u64,
    /// Where it stands.
    pub state: UploadState,
    /// What it is of.
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
    /// Object with the bytes beyond the last part.
    pub tail_key: Option<String>,
    /// How many those are.
    pub tail_bytes: u64,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// When it is given up.
    pub expires_at: DateTime<Utc>,
    /// When it started.
    pub created_at: DateTime<Utc>,
}

/// An upload that begins.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Its id; not to be guessed.
    pub id: UploadId,
    /// Whose mezzanine it becomes.
    pub submission: SubmissionId,
    /// Whole length in bytes, if told.
    pub length: Option<u64>,
    /// 0, but the length for a `Final`, whose bytes are all there.
    pub offset: u64,
    /// `Open`, but `Assembling` for a `Final`.
    pub state: UploadState,
    /// What it is of.
    pub kind: UploadKind,
    /// Pieces of a `Final`, in order.
    pub pieces: Vec<UploadId>,
    /// `Upload-Metadata` as sent.
    pub metadata: String,
    /// What the client calls its file; text to show.
    pub filename: Option<String>,
    /// SHA-256 that the client declared.
    pub declared_sha256: Option<Vec<u8>>,
    /// Size of every part but the last, bytes.
    pub part_size: u64,
    /// When it is given up.
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
