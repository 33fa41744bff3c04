//! Where an object and its sidecar files are in the directory, as `s3s-fs` names them.
use std::path::{Component, Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The path of an object; `None` if the key is not a plain path.
pub(super) fn object_path(root: &Path, bucket: &str, key: &str) -> Option<PathBuf> {
    if !pipeline::object_key::is_plain(key) {
        return None;
    }
    let path = Path::new(bucket).join(key);
    path.components().all(|part| matches!(part, Component::Normal(_))).then(|| root.join(path))
}

/// The start of the names of an object's sidecar files.
pub(super) fn object_stem(bucket: &str, key: &str) -> String {
    format!(".bucket-{}.object-{}", URL_SAFE_NO_PAD.encode(bucket), URL_SAFE_NO_PAD.encode(key))
}
