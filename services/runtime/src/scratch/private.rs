//! Directories that only this user may open.
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use tracing::warn;

/// Creates directories that only this user may open: they contain unpublished works.
pub(super) fn private() -> DirBuilder {
    let mut private = DirBuilder::new();
    private.mode(0o700);
    private
}

/// Removes a directory with everything in it; a failure is only logged.
pub(super) fn remove(path: &Path) {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            warn!("could not remove {}: {error}", path.display())
        }
        _ => {}
    }
}
