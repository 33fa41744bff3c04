//! What can be wrong, by stable names, and what to do about it.
use pipeline::id::SubmissionId;
use serde::Serialize;

use super::kind::Kind;
use crate::objects::{Listed, Multipart};
use crate::store::files::fsck::{Expected, OpenMultipart};
use crate::store::work::stuck::Stuck;

/// How a row and an object differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The database has a row for it, but it does not exist.
    Missing,
    /// It has this many bytes, which differs from its record.
    WrongSize(u64),
    /// Its SHA-256 is this, which differs from its record.
    WrongDigest(String),
    /// It has no row, and none is about to be written.
    Orphan,
    /// Its key is not one of ours. It is never touched.
    Foreign,
    /// It is needed, and no open part will do it.
    Stuck,
    /// It is open, but not needed.
    Surplus,
}

impl Fault {
    /// Stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Fault::Missing => "missing",
            Fault::WrongSize(_) => "wrong_size",
            Fault::WrongDigest(_) => "wrong_digest",
            Fault::Orphan => "orphan",
            Fault::Foreign => "foreign",
            Fault::Stuck => "stuck",
            Fault::Surplus => "surplus",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Stable name of what is wrong.
    pub code: &'static str,
    /// Of what.
    pub kind: Kind,
    /// The key.
    pub key: String,
    /// The submission, as far as it is known.
    pub submission: Option<SubmissionId>,
    /// Bytes that it should have.
    pub expected_bytes: Option<u64>,
    /// Bytes that it has.
    pub bytes: Option<u64>,
    /// What a person must do about it.
    pub mend: String,
    /// What has just been done about it.
    pub repaired: Option<String>,
    #[serde(skip)]
    pub(super) fault: Fault,
    /// The server's id of a multipart upload.
    #[serde(skip)]
    pub(super) multipart: Option<Multipart>,
}

impl Finding {
    /// Code and kind in one word, such as `missing/rendition`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.code, self.kind.name())
    }

    pub(super) fn of(wanted: &Expected, fault: Fault) -> Self {
        let bytes = match &fault {
            Fault::WrongSize(bytes) => Some(*bytes),
            Fault::WrongDigest(_) => Some(wanted.bytes),
            Fault::Missing | Fault::Orphan | Fault::Foreign | Fault::Stuck | Fault::Surplus => None,
        };
        Self {
            code: fault.code(),
            kind: wanted.kind,
            key: wanted.key.clone(),
            submission: Some(wanted.submission),
            expected_bytes: Some(wanted.bytes),
            bytes,
            mend: mend(wanted.kind, Some(wanted.submission)),
            repaired: None,
            fault,
            multipart: None,
        }
    }

    pub(super) fn of_object(there: &Listed, kind: Kind, fault: Fault) -> Self {
        let mend = match fault {
            Fault::Orphan => "it has no record: --repair marks it as garbage",
            _ => "it is not ours: move it out of the bucket, or leave it",
        };
        Self {
            code: fault.code(),
            kind,
            key: there.key.clone(),
            submission: None,
            expected_bytes: None,
            bytes: Some(there.bytes),
            mend: mend.to_owned(),
            repaired: None,
            fault,
            multipart: None,
        }
    }

    pub(super) fn of_multipart(open: &OpenMultipart) -> Self {
        Self {
            code: Fault::Missing.code(),
            kind: Kind::Multipart,
            key: open.multipart().key,
            submission: Some(open.submission),
            expected_bytes: Some(open.bytes),
            bytes: None,
            mend: mend(Kind::Multipart, Some(open.submission)),
            repaired: None,
            fault: Fault::Missing,
            multipart: None,
        }
    }

    pub(super) fn of_stuck(stuck: &Stuck) -> Self {
        let (fault, kind) = match stuck.kind.as_str() {
            "delivery" => (Fault::Stuck, Kind::Delivery),
            "part" => (Fault::Stuck, Kind::Part),
            _ => (Fault::Surplus, Kind::Part),
        };
        let mend = match fault {
            Fault::Surplus => "--repair ends the part, as the reconciler does",
            _ => "--repair opens the part, as the reconciler does",
        };
        Self {
            code: fault.code(),
            kind,
            key: format!("{}/{}/{}", stuck.run, stuck.stage, stuck.part),
            submission: Some(SubmissionId(stuck.submission)),
            expected_bytes: None,
            bytes: None,
            mend: mend.to_owned(),
            repaired: None,
            fault,
            multipart: None,
        }
    }

    pub(super) fn of_unknown_multipart(multipart: &Multipart) -> Self {
        Self {
            code: Fault::Orphan.code(),
            kind: Kind::Multipart,
            key: multipart.key.clone(),
            submission: None,
            expected_bytes: None,
            bytes: None,
            mend: "its upload has ended: --repair aborts it".to_owned(),
            repaired: None,
            fault: Fault::Orphan,
            multipart: Some(multipart.clone()),
        }
    }
}

/// What a person must do about an object that is gone or damaged.
fn mend(kind: Kind, submission: Option<SubmissionId>) -> String {
    let id = submission.map(|id| id.to_string()).unwrap_or_default();
    match kind {
        Kind::Mezzanine => {
            format!("restore it from the bucket's backup, or ask the entrant again and `reelmill withdraw {id}`")
        }
        Kind::Piece | Kind::Tail | Kind::Multipart => {
            "--repair aborts the upload, so that the entrant's client starts again".to_owned()
        }
        Kind::Rendition | Kind::Cover | Kind::Comparison | Kind::Encoded => {
            format!("`reelmill reprocess {id} --from transcode` makes it again")
        }
        Kind::Preview => format!("`reelmill reprocess {id} --from probe` makes it again"),
        Kind::Bag => format!("fetch the renditions in force, or `reelmill reprocess {id} --from publish`"),
        Kind::Proof => "restore it from the bucket's backup, or prove it again with another picture".to_owned(),
        Kind::Delivery | Kind::Part | Kind::Other => String::new(),
    }
}
