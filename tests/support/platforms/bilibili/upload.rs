//! Uploads: a token, then parts of 8 MiB from 1 (or one piece of at most 100 MB), then complete. Covers.
use std::collections::BTreeMap;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{PART_BYTES, Refusal, State, wrong};
use crate::support::platforms::Asked;

/// The largest single piece, bytes.
const WHOLE_BYTES: usize = 100_000_000;

/// The largest cover, bytes.
const COVER_BYTES: usize = 5_000_000;

/// The smallest cover, pixels.
const COVER_SIZE: (u16, u16) = (960, 600);

/// One upload.
#[derive(Default)]
pub(super) struct Upload {
    in_parts: bool,
    parts: BTreeMap<u32, u64>,
    pub(super) complete: bool,
}

impl State {
    pub(super) fn init(&mut self, asked: &Asked) -> Result<Value, Refusal> {
        let body = asked.json();
        if body["name"].as_str().unwrap_or_default().is_empty() {
            return Err(wrong("name"));
        }
        let in_parts = match body["utype"].as_str() {
            Some("0") => true,
            Some("1") => false,
            _ => return Err(wrong("utype")),
        };
        let token = Uuid::new_v4().simple().to_string();
        self.uploads.insert(token.clone(), Upload { in_parts, ..Upload::default() });
        Ok(json!({ "upload_token": token }))
    }

    pub(super) fn part(&mut self, dir: &Path, asked: &Asked) -> Result<Value, Refusal> {
        let token = asked.param("upload_token");
        let upload = self.uploads.get_mut(token).filter(|upload| upload.in_parts && !upload.complete);
        let upload = upload.ok_or_else(|| wrong("upload_token"))?;
        let number: u32 = asked.param("part_number").parse().map_err(|_| wrong("part_number"))?;
        let bytes = asked.body.len() as u64;
        if number == 0 || number > 10_000 {
            return Err(wrong("part_number"));
        }
        if bytes == 0 || bytes > PART_BYTES {
            return Err(wrong("size of the part"));
        }
        keep(&dir.join(token), u64::from(number - 1) * PART_BYTES, &asked.body);
        upload.parts.insert(number, bytes);
        Ok(json!({ "part_number": number, "etag": format!("{number}-{bytes}") }))
    }

    pub(super) fn whole(&mut self, dir: &Path, asked: &Asked) -> Result<Value, Refusal> {
        let token = asked.param("upload_token");
        let upload = self.uploads.get_mut(token).filter(|upload| !upload.in_parts && !upload.complete);
        let upload = upload.ok_or_else(|| wrong("upload_token"))?;
        if asked.body.is_empty() || asked.body.len() > WHOLE_BYTES {
            return Err(wrong("size"));
        }
        keep(&dir.join(token), 0, &asked.body);
        upload.complete = true;
        Ok(Value::Null)
    }

    /// Parts must be 1 to n without a gap, each but the last of the fixed size.
    pub(super) fn complete(&mut self, asked: &Asked) -> Result<Value, Refusal> {
        let upload = self.uploads.get_mut(asked.param("upload_token")).filter(|upload| upload.in_parts);
        let upload = upload.ok_or_else(|| wrong("upload_token"))?;
        let last = upload.parts.len() as u32;
        let gapless = last > 0 && upload.parts.keys().copied().eq(1..=last);
        let sized = upload.parts.iter().all(|(number, bytes)| *bytes == PART_BYTES || *number == last);
        if !gapless || !sized {
            return Err(wrong("parts are missing or of a wrong size"));
        }
        upload.complete = true;
        Ok(Value::Null)
    }

    pub(super) fn cover(&mut self, asked: &Asked) -> Result<Value, Refusal> {
        let Some((field, kind, picture)) = asked.multipart() else { return Err(wrong("multipart")) };
        if field != "file" || picture.len() > COVER_BYTES {
            return Err(wrong("field or size of the cover"));
        }
        let size = match kind.as_str() {
            "image/jpeg" => jpeg_size(&picture),
            "image/png" => png_size(&picture),
            _ => None,
        };
        match size {
            Some((width, height)) if width >= COVER_SIZE.0 && height >= COVER_SIZE.1 => {}
            _ => return Err(wrong("cover is no JPEG or PNG of at least 960×600")),
        }
        let url = format!("https://archive.biliimg.example/{}.jpg", Uuid::new_v4().simple());
        self.covers.push(url.clone());
        Ok(json!({ "url": url }))
    }
}

fn keep(path: &Path, at: u64, bytes: &[u8]) {
    let file =
        std::fs::OpenOptions::new().create(true).write(true).truncate(false).open(path).expect("an upload's file");
    file.write_all_at(bytes, at).expect("keep a part");
}

/// Width and height of a JPEG, from its start-of-frame segment.
fn jpeg_size(bytes: &[u8]) -> Option<(u16, u16)> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    loop {
        let [0xff, marker, high, low, ..] = rest else { return None };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if matches!(marker, 0xc0..=0xc3) {
            let size = rest.get(5..9)?;
            let (height, width) = (u16::from_be_bytes([size[0], size[1]]), u16::from_be_bytes([size[2], size[3]]));
            return Some((width, height));
        }
        rest = rest.get(2 + length..)?;
    }
}

/// Width and height of a PNG, from its first chunk.
fn png_size(bytes: &[u8]) -> Option<(u16, u16)> {
    let head = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(8..16)?;
    let side = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    Some((u16::try_from(side(0)).ok()?, u16::try_from(side(4)).ok()?))
}
