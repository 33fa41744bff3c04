//! The parts of an upload that is being completed, linked into a directory of their own until the whole object is there.
use std::io;
use std::path::{Path, PathBuf};

/// Directories with parts set aside are called this and the upload's id.
const PREFIX: &str = ".completing-";

/// Parts that are set aside.
pub(super) struct Completing {
    root: PathBuf,
    aside: PathBuf,
}

impl Completing {
    /// Links everything that belongs to the upload aside. Links cost no space and no copying.
    pub(super) fn begin(root: &Path, upload: &str) -> io::Result<Self> {
        if !upload.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no id of an upload in parts"));
        }
        let this = Self { root: root.to_owned(), aside: root.join(format!("{PREFIX}{upload}")) };
        std::fs::create_dir(&this.aside)?;
        if let Err(err) = this.link_all(upload) {
            let _ = std::fs::remove_dir_all(&this.aside);
            return Err(err);
        }
        Ok(this)
    }

    fn link_all(&self, upload: &str) -> io::Result<()> {
        let belongs = |name: &str| {
            name == format!(".upload-{upload}.json")
                || name.starts_with(&format!(".upload_id-{upload}.part-"))
                || name.ends_with(&format!(".upload-{upload}.metadata.json"))
        };
        for entry in std::fs::read_dir(&self.root)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(belongs) {
                std::fs::hard_link(entry.path(), self.aside.join(entry.file_name()))?;
            }
        }
        Ok(())
    }

    /// The object is whole: the parts may go.
    pub(super) fn forget(self) -> io::Result<()> {
        std::fs::remove_dir_all(&self.aside)
    }

    /// It is not: the upload goes on as if nothing had happened.
    pub(super) fn restore(self) -> io::Result<()> {
        restore(&self.root, &self.aside)
    }
}

/// At a start: puts back what a crash left set aside.
pub(super) fn restore_all(root: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX)) {
            restore(root, &entry.path())?;
        }
    }
    Ok(())
}

fn restore(root: &Path, aside: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(aside)? {
        let entry = entry?;
        std::fs::rename(entry.path(), root.join(entry.file_name()))?;
    }
    // Not `remove_dir`: renaming one link of a file onto another of the same file leaves both.
    std::fs::remove_dir_all(aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_while_completing_loses_no_part() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        std::fs::write(at(".upload-ab-1.json"), "null").unwrap();
        std::fs::write(at(".upload_id-ab-1.part-1"), "one").unwrap();
        std::fs::write(at(".upload_id-ab-2.part-1"), "of another").unwrap();
        let _crashed = Completing::begin(root.path(), "ab-1").unwrap();
        std::fs::remove_file(at(".upload-ab-1.json")).unwrap();
        std::fs::remove_file(at(".upload_id-ab-1.part-1")).unwrap();

        restore_all(root.path()).unwrap();

        assert_eq!(std::fs::read_to_string(at(".upload_id-ab-1.part-1")).unwrap(), "one");
        assert_eq!(std::fs::read_to_string(at(".upload-ab-1.json")).unwrap(), "null");
        assert!(!at(".completing-ab-1").exists());
    }

    #[test]
    fn an_id_is_never_a_path() {
        let root = tempfile::tempdir().unwrap();
        assert!(Completing::begin(root.path(), "../x").is_err());
        assert!(std::fs::read_dir(root.path()).unwrap().next().is_none());
    }
}
