//! A small file system of a test's own, in memory, that can be filled. Needs root; `None` elsewhere, with a printed
//! warning.
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted file system. Unmounted when dropped.
pub(crate) struct Volume {
    path: PathBuf,
    mib: u64,
}

impl Volume {
    /// Mounts one of `mib` MiB at `path`, which is created. If that fails, prints that `what` is not tested.
    pub(crate) fn mount_or_say_so(path: &Path, mib: u64, what: &str) -> Option<Self> {
        match Self::mount(path, mib) {
            Ok(volume) => Some(volume),
            Err(error) => {
                eprintln!("\n!!! NOT TESTED: {what}: this process cannot mount a file system here ({error})\n");
                None
            }
        }
    }

    fn mount(path: &Path, mib: u64) -> Result<Self, String> {
        std::fs::create_dir_all(path).map_err(|error| error.to_string())?;
        let place = path.to_str().ok_or("not a plain path")?;
        run("mount", &["-t", "tmpfs", "-o", &format!("size={mib}m,mode=755"), "reelmill-test", place])?;
        Ok(Self { path: path.to_owned(), mib })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Uses all free space: from now on writes fail because the disk is full.
    pub(crate) fn fill(&self) {
        self.fill_but(0);
    }

    /// As [`Volume::fill`], but leaves this much.
    pub(crate) fn fill_but(&self, bytes: u64) {
        // A process may write between the measurement and the change, and then the size would be too small for its
        // contents.
        for _ in 0..100 {
            let stat = rustix::fs::statvfs(&self.path).expect("ask the volume");
            let used = (stat.f_blocks - stat.f_bfree) * stat.f_frsize;
            // A size of 0 would mean no limit.
            if self.resize((used + bytes).max(4096)).is_ok() {
                return;
            }
        }
        panic!("{} cannot be filled", self.path.display());
    }

    /// Frees the space.
    pub(crate) fn empty(&self) {
        self.resize(self.mib << 20).expect("make room");
    }

    fn resize(&self, bytes: u64) -> Result<(), String> {
        run("mount", &["-o", &format!("remount,size={bytes}"), self.path.to_str().expect("a plain path")])
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Even if a process still uses it.
        let _ = run("umount", &["-l", self.path.to_str().expect("a plain path")]);
    }
}

fn run(program: &str, args: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(args).output().map_err(|error| format!("run {program}: {error}"))?;
    let words = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() { Ok(()) } else { Err(words()) }
}

#[test]
fn a_full_volume_takes_no_byte_and_an_emptied_one_does() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(volume) = Volume::mount_or_say_so(&dir.path().join("volume"), 8, "volumes") else { return };
    let file = volume.path().join("file");
    std::fs::write(&file, vec![7; 1 << 20]).expect("there is room");
    volume.fill();
    let full = std::fs::write(volume.path().join("more"), vec![7; 1 << 20]).expect_err("it is full");
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(std::fs::read(&file).expect("what was there stays").len(), 1 << 20);
    volume.empty();
    std::fs::write(volume.path().join("more"), vec![7; 1 << 20]).expect("there is room again");
}
