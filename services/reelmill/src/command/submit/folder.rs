//! The videos of a folder, as on a cloud drive or a USB stick.
use std::path::{Path, PathBuf};

use anyhow::Context;
use pipeline::sheet::is_film;

use crate::exit::WrongUsage;

/// Depth of subfolders that are searched.
const DEPTH: usize = 8;
/// Most files of any kind in a folder.
const MOST_FILES: usize = 20_000;

/// The result.
pub(super) struct Folder {
    /// Where each file is.
    pub(super) paths: Vec<PathBuf>,
    /// Its name within the folder, with `/`.
    pub(super) names: Vec<String>,
}

/// Finds every file with a film's name or one of the `wanted` names. Links are not followed: a folder from others may
/// contain a link to one of our files.
pub(super) fn look(dir: &Path, wanted: &[&str]) -> anyhow::Result<Folder> {
    let mut folder = Folder { paths: Vec::new(), names: Vec::new() };
    let mut left = vec![(dir.to_owned(), String::new(), 0)];
    let mut seen = 0;
    while let Some((path, prefix, depth)) = left.pop() {
        let read = || std::fs::read_dir(&path)?.collect::<Result<Vec<_>, _>>();
        let mut entries = read().with_context(|| format!("look into {}", path.display()))?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            seen += 1;
            if seen > MOST_FILES {
                return Err(WrongUsage(format!("{} holds more than {MOST_FILES} files", dir.display())).into());
            }
            let file = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().with_context(|| format!("look at {}", entry.path().display()))?;
            let name = format!("{prefix}{file}");
            if kind.is_dir() && depth < DEPTH && !file.starts_with('.') {
                left.push((entry.path(), format!("{name}/"), depth + 1));
            } else if kind.is_file() && (is_film(&file) || wanted.contains(&file.as_str())) {
                folder.paths.push(entry.path());
                folder.names.push(name);
            }
        }
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn films_are_found_at_any_depth_and_links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let secret = tempfile::NamedTempFile::new().unwrap();
        let file = |name: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        };
        for name in ["b.mp4", "a/成片.MOV", "a/b/c.mkv", "承诺书.pdf", "film.bin", ".hidden/x.mp4", "~$b.mp4"] {
            file(name);
        }
        std::os::unix::fs::symlink(secret.path(), dir.path().join("link.mp4")).unwrap();
        std::os::unix::fs::symlink("/", dir.path().join("root")).unwrap();
        let mut names = look(dir.path(), &["film.bin"]).unwrap().names;
        names.sort_unstable();
        assert_eq!(names, ["a/b/c.mkv", "a/成片.MOV", "b.mp4", "film.bin"]);
        assert!(look(&dir.path().join("none"), &[]).is_err());
    }
}
