//! Takes a digest of this crate's own code and of the crates that make bytes for it, so that the engine's name changes whenever one
//! of them does, by a person's thinking of it or not: files that another code made must never be taken for this one's.
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Where the versions of all crates stand.
const LOCK: &str = "../../Cargo.lock";
/// Crates whose code decides what is in a file: the measure of loudness sets the gain, the binding what libav is asked.
const MAKERS: [&str; 2] = ["ebur128", "ffmpeg-next"];

fn main() -> io::Result<()> {
    let mut files = Vec::new();
    collect(Path::new("src"), &mut files)?;
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let name = file.display().to_string();
        let content = std::fs::read(&file)?;
        // Lengths keep the end of one file apart from the beginning of the next.
        hash.update(format!("{} {name} {} ", name.len(), content.len()));
        hash.update(content);
    }
    let lock = std::fs::read_to_string(LOCK)?;
    for maker in MAKERS {
        hash.update(format!("{maker} {} ", version(&lock, maker)?));
    }
    let digest = hash.finalize();
    let short: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    println!("cargo::rustc-env=MEDIA_CODE={short}");
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed={LOCK}");
    Ok(())
}

/// The version of a crate, as the lock file has it in the line behind its name.
fn version<'a>(lock: &'a str, name: &str) -> io::Result<&'a str> {
    let mut lines = lock.lines().skip_while(|line| *line != format!("name = \"{name}\""));
    let missing = || io::Error::other(format!("{LOCK} has no {name}"));
    lines.nth(1).and_then(|line| line.strip_prefix("version = ")).ok_or_else(missing)
}

fn collect(dir: &Path, into: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else {
            into.push(path);
        }
    }
    Ok(())
}
