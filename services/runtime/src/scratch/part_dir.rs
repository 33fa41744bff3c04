//! The directory of one running part.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::left::Left;
use super::private::{private, remove};
use crate::child::ChildError;

/// One part's directory. Removed with everything in it when dropped.
#[derive(Debug)]
pub struct ScratchDir {
    path: PathBuf,
    input: PathBuf,
    output: PathBuf,
}

impl ScratchDir {
    /// Creates it at `path`.
    pub(super) fn create(path: PathBuf) -> anyhow::Result<Self> {
        // Removed when dropped, even if it is only half created.
        let dir = Self { input: path.join("in"), output: path.join("out"), path };
        for part in [&dir.path, &dir.input, &dir.output] {
            private().create(part).with_context(|| format!("make {}", part.display()))?;
        }
        Ok(dir)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory that a child may read.
    pub fn input(&self) -> &Path {
        &self.input
    }

    /// The directory that a child may write.
    pub fn output(&self) -> &Path {
        &self.output
    }

    /// Creates another directory for a child to write to, separate from the output of the part's other children. `name`
    /// is ours.
    ///
    /// # Errors
    /// If it exists already or cannot be created.
    pub fn beside(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.path.join(name);
        private().create(&path).with_context(|| format!("make {}", path.display()))?;
        Ok(path)
    }

    /// Moves a file that a child left in the output directory to the input directory, under a name of ours, and
    /// replaces any file there. From then on, no child can change it.
    ///
    /// # Errors
    /// Those of [`Left::open`].
    pub fn take(&self, name: &str, most_bytes: u64, to: &str) -> Result<Left, ChildError> {
        // A rename moves a symbolic link unchanged; the moved file is checked in its new place, where nothing changes
        // it any more.
        Left::open(&self.output, name, most_bytes)?;
        let moved = fs::rename(self.output.join(name), self.input.join(to));
        moved.map_err(|error| ChildError::Failed(format!("take {name} out of the output directory: {error}")))?;
        Left::open(&self.input, to, most_bytes)
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        remove(&self.path);
    }
}
