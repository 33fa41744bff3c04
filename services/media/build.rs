//! Takes a digest of this crate's own code, so that the engine's name changes whenever its code does, by a person's thinking of
//! it or not: files that another code made must never be taken for this one's.
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

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
    let digest = hash.finalize();
    let short: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    println!("cargo::rustc-env=MEDIA_CODE={short}");
    println!("cargo::rerun-if-changed=src");
    Ok(())
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
