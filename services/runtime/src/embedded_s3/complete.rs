//! Joins the parts of an upload into one object. `s3s-fs` deletes each part as it copies it, stops in the middle when
//! the client disconnects, and computes digests again that it computed when the parts arrived. Here everything is
//! checked first, the kernel copies, and the parts are deleted last.
//!
//! A crash at any point leaves the upload as it was, or the complete object beside it, or the complete object and an
//! upload that has ended. What is left of its parts is deleted at the next start.
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use s3s::crypto::{Checksum, Md5};
use s3s::dto::{CompletedPart, ETag};
use s3s::{S3Result, s3_error};

use super::paths::{object_path, object_stem};

/// S3's own limit: every part but the last has at least as many bytes.
const LEAST_PART_BYTES: u64 = 5 * 1024 * 1024;

/// The start of the file names of parts, before the upload's id.
const PART_STEM: &str = ".upload_id-";

/// The upload and the object that it becomes.
pub(super) struct Completion {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) upload: String,
    /// As the client lists them, in order.
    pub(super) parts: Vec<CompletedPart>,
}

impl Completion {
    /// Creates the object and returns its tag. Blocks.
    ///
    /// # Errors
    /// If the upload has ended, or the list differs from what arrived; then nothing has changed.
    pub(super) fn run(&self, root: &Path) -> S3Result<ETag> {
        let internal = |err: io::Error| s3_error!(err, InternalError);
        let object = object_path(root, &self.bucket, &self.key).ok_or_else(|| s3_error!(InvalidRequest))?;
        if !self.upload.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-') {
            return Err(s3_error!(NoSuchUpload));
        }
        let begun = begun(root, &self.upload);
        if !begun.exists() {
            return Err(s3_error!(NoSuchUpload));
        }
        let parts = self.paths(root)?;
        let tag = self.tag(&parts).map_err(internal)?;
        self.join(root, &parts, &object).map_err(internal)?;
        self.describe(root, &tag).map_err(internal)?;
        // This comes first: an upload that still exists has all its parts.
        std::fs::remove_file(&begun).map_err(internal)?;
        sweep(root, |upload| upload == self.upload).map_err(internal)?;
        Ok(ETag::Strong(tag))
    }

    /// The parts' files; all of them exist.
    fn paths(&self, root: &Path) -> S3Result<Vec<PathBuf>> {
        let numbers = self.parts.iter().map(|part| part.part_number.ok_or_else(|| s3_error!(InvalidRequest)));
        let numbers = numbers.collect::<S3Result<Vec<i32>>>()?;
        if !numbers.is_sorted_by(|one, next| one < next) {
            return Err(s3_error!(InvalidPartOrder));
        }
        let mut paths = Vec::new();
        for number in numbers {
            let path = root.join(format!("{PART_STEM}{}.part-{number}", self.upload));
            let bytes = path.metadata().map_err(|_| s3_error!(InvalidPart))?.len();
            if bytes < LEAST_PART_BYTES && paths.len() + 1 < self.parts.len() {
                return Err(s3_error!(EntityTooSmall));
            }
            paths.push(path);
        }
        if paths.is_empty() {
            return Err(s3_error!(InvalidPart, "You must specify at least one part"));
        }
        Ok(paths)
    }

    /// The object's tag, as S3 computes it: the MD5 of the parts' MD5 sums, and the number of parts. A part's MD5 is
    /// its own tag, which was returned when it arrived. `s3s-fs` omits tags from its lists of parts; in that case the
    /// part's digest is computed again.
    fn tag(&self, parts: &[PathBuf]) -> io::Result<String> {
        let mut whole = Md5::new();
        for (listed, part) in self.parts.iter().zip(parts) {
            let tag = listed.e_tag.as_ref().and_then(|tag| hex::decode(tag.value()).ok());
            match tag.filter(|tag| tag.len() == 16) {
                Some(tag) => whole.update(&tag),
                None => whole.update(&digest(part)?),
            }
        }
        Ok(format!("{}-{}", hex::encode(whole.finalize()), self.parts.len()))
    }

    /// Copies the parts one after another, first into a file beside the object. What a crash leaves of that file is
    /// deleted at the next start, by its name.
    fn join(&self, root: &Path, parts: &[PathBuf], object: &Path) -> io::Result<()> {
        let beside = root.join(format!(".tmp.{}.internal.part", self.upload));
        // It must not be the file of another process that does the same.
        let mut whole = File::create_new(&beside)?;
        let mut copied = || {
            for part in parts {
                io::copy(&mut File::open(part)?, &mut whole)?;
            }
            if let Some(dir) = object.parent() {
                std::fs::create_dir_all(dir)?;
            }
            std::fs::rename(&beside, object)
        };
        copied().inspect_err(|_| drop(std::fs::remove_file(&beside)))
    }

    /// Writes what `s3s-fs` reads about an object: its tag, and the metadata that the client gave at the start.
    fn describe(&self, root: &Path, tag: &str) -> io::Result<()> {
        let stem = root.join(object_stem(&self.bucket, &self.key)).into_os_string();
        let named = |end: &str| {
            let mut name = stem.clone();
            name.push(end);
            PathBuf::from(name)
        };
        std::fs::write(named(".internal.json"), serde_json::json!({ "e_tag": tag }).to_string())?;
        match std::fs::rename(named(&format!(".upload-{}.metadata.json", self.upload)), named(".metadata.json")) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => Err(err),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Removes parts that belong to no upload, because a crash came after the upload ended and before they were deleted.
///
/// # Errors
/// If the directory cannot be read or a part cannot be removed.
pub(super) fn sweep_orphans(root: &Path) -> io::Result<()> {
    sweep(root, |upload| !begun(root, upload).exists())
}

/// Removes all parts of the uploads that `of` is true for.
fn sweep(root: &Path, of: impl Fn(&str) -> bool) -> io::Result<()> {
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name();
        let part = name.to_str().and_then(|name| name.strip_prefix(PART_STEM)?.split_once(".part-"));
        if part.is_some_and(|(upload, _)| of(upload)) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The file that exists as long as the upload does.
fn begun(root: &Path, upload: &str) -> PathBuf {
    root.join(format!(".upload-{upload}.json"))
}

/// The MD5 of a file.
fn digest(path: &Path) -> io::Result<[u8; 16]> {
    let (mut file, mut digest) = (File::open(path)?, Md5::new());
    let mut batch = vec![0; 256 * 1024];
    loop {
        match file.read(&mut batch)? {
            0 => return Ok(digest.finalize()),
            read => digest.update(&batch[..read]),
        }
    }
}

#[cfg(test)]
mod tests;
