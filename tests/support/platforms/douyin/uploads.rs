//! Uploads of a video: in one piece up to 50 MB, or in parts of 5 to 100 MB of which only the last may be smaller. Of a
//! received video only sizes and digests are kept, so that a test can check that it is our file, byte for byte.
use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::codes::{self, Refusal};
use super::{Asked, State};

const MB: usize = 1024 * 1024;
/// Most bytes of a video in one piece.
pub(crate) const ONE_PIECE: usize = 50 * MB;
/// Fewest bytes of a part that is not the last.
pub(crate) const SMALLEST_PART: usize = 5 * MB;
/// Most bytes of a part.
pub(crate) const LARGEST_PART: usize = 100 * MB;
/// Most bytes of a video.
pub(crate) const LARGEST_VIDEO: usize = 4_000_000_000;

/// An upload in parts, until it is completed.
#[derive(Clone, Debug, Default)]
pub(super) struct Upload {
    parts: BTreeMap<u32, Bytes>,
}

/// A complete video that may be used in one create.
#[derive(Clone, Debug)]
pub(crate) struct Video {
    /// Its size.
    pub(crate) bytes: usize,
    /// SHA-256 in lower-case hex.
    pub(crate) sha256: String,
    /// Whether a create has used it, successfully or not.
    pub(crate) used: bool,
}

impl State {
    pub(super) fn upload_video(&mut self, asked: &Asked) -> Result<Value, Refusal> {
        let bytes = video(asked)?;
        if bytes.len() > ONE_PIECE {
            return Err(Refusal::code(codes::MUST_BE_IN_PARTS, "视频过大，请使用分片上传"));
        }
        Ok(self.keep(bytes.len(), Sha256::digest(&bytes).as_slice()))
    }

    pub(super) fn init_upload(&mut self) -> Value {
        let name = self.name("upload.");
        self.uploads.insert(name.clone(), Upload::default());
        json!({ "upload_id": name })
    }

    pub(super) fn upload_part(&mut self, asked: &Asked) -> Result<Value, Refusal> {
        let number = asked.param("part_number").parse::<u32>().ok().filter(|it| *it >= 1);
        let number = number.ok_or_else(|| Refusal::parameter("part_number counts from 1"))?;
        let bytes = video(asked)?;
        if bytes.is_empty() || bytes.len() > LARGEST_PART {
            return Err(Refusal::parameter(format!("a part of {} bytes", bytes.len())));
        }
        self.upload(asked)?.parts.insert(number, bytes);
        Ok(json!({}))
    }

    pub(super) fn complete_upload(&mut self, asked: &Asked) -> Result<Value, Refusal> {
        let upload = self.upload(asked)?;
        let count = upload.parts.len();
        if count == 0 || !upload.parts.keys().copied().eq(1..=count as u32) {
            return Err(Refusal::parameter(format!("parts are missing: there are {:?}", upload.parts.keys())));
        }
        if upload.parts.values().take(count - 1).any(|part| part.len() < SMALLEST_PART) {
            return Err(Refusal::parameter("a part but the last is smaller than 5 MB"));
        }
        let bytes: usize = upload.parts.values().map(Bytes::len).sum();
        if bytes > LARGEST_VIDEO {
            return Err(Refusal::parameter(format!("a video of {bytes} bytes")));
        }
        let mut digest = Sha256::new();
        upload.parts.values().for_each(|part| digest.update(part));
        // The upload ends with its completion.
        self.uploads.remove(asked.param("upload_id"));
        Ok(self.keep(bytes, digest.finalize().as_slice()))
    }

    fn upload(&mut self, asked: &Asked) -> Result<&mut Upload, Refusal> {
        let upload = self.uploads.get_mut(asked.param("upload_id"));
        upload.ok_or_else(|| Refusal::parameter("upload_id is missing, unknown or completed"))
    }

    fn keep(&mut self, bytes: usize, sha256: &[u8]) -> Value {
        let name = self.name("v0");
        self.videos.insert(name.clone(), Video { bytes, sha256: hex::encode(sha256), used: false });
        json!({ "video": { "video_id": name, "width": 0, "height": 0 } })
    }
}

/// The bytes of the one field `video` of a multipart form.
fn video(asked: &Asked) -> Result<Bytes, Refusal> {
    match asked.multipart() {
        Some((field, _, bytes)) if field == "video" => Ok(bytes),
        Some((field, ..)) => Err(Refusal::parameter(format!("the field is {field:?} and not video"))),
        None => Err(Refusal::parameter("the body is multipart/form-data with the file video alone")),
    }
}
