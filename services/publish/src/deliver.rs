//! The ways to a partner, one adapter each, all of one shape: `advance` looks at what was observed, does the next step, writes it
//! down, and says whether the part is done or when to look again.
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use pipeline::object_key::ObjectKey;
use runtime::objects::Objects;
use runtime::outcome::StoredFile;
use serde_json::{Value, json};

use crate::package::{PackageFile, Source};
use crate::publish::Task;

pub(crate) mod operator;
pub(crate) mod s3_drop;

/// Copies a package into a bucket, file by file, and reads each back: only what has the right digest there counts as put.
async fn put_package(
    task: &Task<'_>,
    files: &[PackageFile],
    to: &Objects,
    key: impl Fn(&PackageFile) -> ObjectKey,
) -> Result<()> {
    for (index, file) in files.iter().enumerate() {
        let key = key(file);
        let path = fetch(task, file).await?;
        to.put_file(&key, &path).await.with_context(|| format!("put {key}"))?;
        let (bytes, sha256) = to.get_to_file(&key, &path).await.with_context(|| format!("read {key} back"))?;
        let sha256 = hex::encode(sha256);
        ensure!(
            bytes == file.bytes && sha256 == file.sha256,
            "{key} read back has {bytes} bytes with digest {sha256}, not {} with {}",
            file.bytes,
            file.sha256
        );
        task.job.progress.set((index + 1) as f64 / files.len() as f64);
    }
    Ok(())
}

/// Brings one file of the package into scratch, verified. One file at a time: scratch need not hold a whole package.
async fn fetch(task: &Task<'_>, file: &PackageFile) -> Result<PathBuf> {
    let path = task.job.scratch.input().join("file");
    match &file.source {
        Source::Made(content) => {
            tokio::fs::write(&path, content).await.with_context(|| format!("write {}", path.display()))?;
        }
        Source::Stored(key) => {
            let stored = StoredFile { key: key.clone(), bytes: file.bytes, sha256: file.sha256.clone() };
            task.runtime.fetch(&stored, &path).await?;
        }
    }
    Ok(path)
}

/// What was handed over, for the delivery's receipt.
fn listing(prefix: &str, files: &[PackageFile]) -> Value {
    let files: Vec<Value> = files
        .iter()
        .map(|file| json!({ "name": file.name.to_string(), "bytes": file.bytes, "sha256": file.sha256 }))
        .collect();
    json!({ "prefix": prefix, "files": files })
}
