//! All object keys. Keys contain ids and attempts, never names that a person chose, and they are built only here.
use std::fmt;

use crate::id::{EncodeId, Fence, PartnerId, RenditionName, SubmissionId, UploadId};

pub use file::{BagFile, Compared, PreviewFile};

mod file;

/// The address of an object in the bucket. The text form is the key. Its parts are numbers, UUIDs and names of types
/// that contain neither a `/` nor a `..`, so no part can lead to another key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKey {
    /// The bytes of a finished upload: a submission's mezzanine, or one piece of a concatenation.
    Upload(UploadId),
    /// The bytes of an unfinished upload after its last whole part. A new key at each write, so a crash leaves the old
    /// object intact.
    UploadTail(UploadId, u64),
    /// One encode of one segment by one attempt.
    Segment(SubmissionId, u32, u32, Fence, EncodeId),
    /// One encode of the sound by one attempt.
    Audio(SubmissionId, u32, Fence, EncodeId),
    /// A finished rendition by one attempt.
    Rendition(SubmissionId, u32, RenditionName, Fence),
    /// The cover that was taken with that rendition.
    Cover(SubmissionId, u32, RenditionName, Fence),
    /// A cover cut from that rendition for partners, by its index.
    PartnerCover(SubmissionId, u32, RenditionName, Fence, u32),
    /// One still of a pair that compares that rendition with its source, by the pair's index.
    Comparison(SubmissionId, u32, RenditionName, Fence, u32, Compared),
    /// A file for reviewers by one attempt of the probe.
    Preview(SubmissionId, u32, Fence, PreviewFile),
    /// A file of the bag that an operator takes to a partner by hand.
    Bag(SubmissionId, u32, PartnerId, BagFile),
    /// A picture that proves what a person saw at a partner, by its SHA-256: the same picture sent twice is one object.
    Proof(SubmissionId, PartnerId, [u8; 32]),
    /// A file delivered into a partner's own bucket.
    Drop(SubmissionId, u32, BagFile),
    /// The marker in a partner's bucket that the folder is complete. Written last.
    DropDone(SubmissionId, u32),
}

/// Whether this has the form of our keys: parts between single slashes, none of them empty, `.` or `..`, without
/// control characters and backslashes. A store that keeps objects as files would treat any other as a path.
pub fn is_plain(key: &str) -> bool {
    /// The limit of S3.
    const MOST_BYTES: usize = 1024;
    let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.chars().any(|c| c.is_control() || c == '\\');
    key.len() <= MOST_BYTES && key.split('/').all(plain)
}

impl ObjectKey {
    /// The prefix of all files that attempts of a run's transcode stage write.
    pub fn work_prefix(submission: SubmissionId, run: u32) -> String {
        format!("work/{submission}/{run}/")
    }

    /// The prefix of one rendition's attempts.
    pub fn rendition_prefix(submission: SubmissionId, run: u32, name: &RenditionName) -> String {
        format!("renditions/{submission}/{run}/{name}/")
    }

    /// The prefixes of everything made from a submission in any run; uploads are separate.
    pub fn submission_prefixes(submission: SubmissionId) -> [String; 4] {
        ["work", "renditions", "previews", "bags"].map(|kind| format!("{kind}/{submission}/"))
    }

    /// The prefix of all files for reviewers that attempts of a run's probe write.
    pub fn preview_prefix(submission: SubmissionId, run: u32) -> String {
        format!("previews/{submission}/{run}/")
    }

    /// The prefix of the bag for one partner.
    pub fn bag_prefix(submission: SubmissionId, run: u32, partner: &PartnerId) -> String {
        format!("bags/{submission}/{run}/{partner}/")
    }

    /// The folder of a delivery in a partner's bucket.
    pub fn drop_prefix(submission: SubmissionId, run: u32) -> String {
        format!("{submission}/{run}/")
    }

    /// The prefix of everything that an upload wrote.
    pub fn upload_prefix(upload: UploadId) -> String {
        format!("uploads/{upload}/")
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ObjectKey::Upload(upload) => write!(f, "uploads/{upload}/source"),
            ObjectKey::UploadTail(upload, offset) => write!(f, "uploads/{upload}/tail-{offset}"),
            ObjectKey::Segment(submission, run, index, fence, encode) => {
                write!(f, "work/{submission}/{run}/segment-{index}/{fence}/{encode}")
            }
            ObjectKey::Audio(submission, run, fence, encode) => {
                write!(f, "work/{submission}/{run}/audio/{fence}/{encode}")
            }
            ObjectKey::Rendition(submission, run, name, fence) => {
                write!(f, "renditions/{submission}/{run}/{name}/{fence}.mp4")
            }
            ObjectKey::Cover(submission, run, name, fence) => {
                write!(f, "renditions/{submission}/{run}/{name}/{fence}.jpg")
            }
            ObjectKey::PartnerCover(submission, run, name, fence, place) => {
                write!(f, "renditions/{submission}/{run}/{name}/{fence}-cover-{place}.jpg")
            }
            ObjectKey::Comparison(submission, run, name, fence, place, of) => {
                write!(f, "renditions/{submission}/{run}/{name}/{fence}-compare-{place}-{}.jpg", of.name())
            }
            ObjectKey::Preview(submission, run, fence, file) => {
                write!(f, "previews/{submission}/{run}/{fence}/{}", file.name())
            }
            ObjectKey::Bag(submission, run, partner, file) => {
                write!(f, "bags/{submission}/{run}/{partner}/{file}")
            }
            ObjectKey::Proof(submission, partner, sha256) => {
                write!(f, "proofs/{submission}/{partner}/")?;
                sha256.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            ObjectKey::Drop(submission, run, file) => write!(f, "{submission}/{run}/{file}"),
            ObjectKey::DropDone(submission, run) => write!(f, "{submission}/{run}/.done"),
        }
    }
}

#[cfg(test)]
mod tests;
