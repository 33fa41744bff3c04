//! Files that no child may copy out, and whether one did.
use std::path::{Path, PathBuf};

/// Contained in every file that no child may copy out.
const MARK: &str = "TOP SECRET OF THE HOUSE";

/// Files outside of scratch that look like a child's output.
pub(super) struct Secrets {
    pub(super) film: PathBuf,
    pub(super) picture: PathBuf,
    pub(super) text: PathBuf,
}

impl Secrets {
    pub(super) fn write(dir: &Path) -> Self {
        let file = |name: &str, magic: &[u8]| {
            let path = dir.join(name);
            std::fs::write(&path, [magic, MARK.as_bytes()].concat()).expect("write a secret");
            path
        };
        Self {
            film: file("secret.mp4", b"\0\0\0\x18ftypisom"),
            picture: file("secret.jpg", b"\xff\xd8\xff\xe0"),
            text: file("secret.vtt", b"WEBVTT\n"),
        }
    }
}

/// Every file below a directory that contains the mark.
pub(super) fn marked(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(marked(&path));
        } else {
            let bytes = std::fs::read(&path).expect("read an object");
            if bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes()) {
                found.push(path);
            }
        }
    }
    found
}
